"""The one way a dashboard file is written, so that what comes back from a Superset differs only where somebody changed it.

Left out: what Superset would set by itself anyway, numbers that are other ones in every Superset, and what a page works
out when it is opened. Charts are numbered in the order in which they stand on the dashboard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "databases": {"cache_timeout": None, "impersonate_user": False, "configuration_method": "sqlalchemy_form"},
    "datasets": {
        "main_dttm_col": None, "currency_code_column": None, "description": None, "default_endpoint": None, "offset": 0,
        "cache_timeout": None, "params": None, "template_params": None, "filter_select_enabled": True,
        "fetch_values_predicate": None, "extra": None, "normalize_columns": False, "always_filter_main_dttm": False,
        "folders": None,
    },
    "columns": {
        "verbose_name": None, "is_dttm": False, "is_active": True, "advanced_data_type": None, "groupby": True, "filterable": True,
        "expression": None, "description": None, "python_date_format": None, "datetime_format": None, "extra": None,
    },
    "metrics": {
        "verbose_name": None, "metric_type": None, "description": None, "d3format": None, "currency": None, "extra": None,
        "warning_text": None,
    },
    "charts": {"description": None, "certified_by": None, "certification_details": None, "cache_timeout": None},
    "dashboards": {"description": None, "css": "", "certified_by": "", "certification_details": ""},
}  # fmt: skip
"""Kind -> what a key that is left out means; said outright to a Superset, so that an edit there is taken back."""

NEVER = {
    "databases": {"encrypted_extra", "masked_encrypted_extra", "ssh_tunnel"},
    "datasets": {"catalog"},
    "charts": {"query_context", "datasource_name", "datasource_type"},
    "dashboards": {"theme_uuid"},
}
ORDER = (
    "uuid", "version", "dashboard_title", "slice_name", "table_name", "database_name", "slug", "description", "viz_type",
    "dataset_uuid", "database_uuid", "schema", "main_dttm_col", "column_name", "metric_name", "verbose_name", "type", "expression",
    "sql", "metrics", "columns", "params", "position", "metadata", "id", "name",
)  # fmt: skip
_OF_A_SUPERSET = {"datasource", "slice_id", "dashboards", "url_params", "extra_form_data", "dashboardId"}
_WORKED_OUT = {
    "chart_configuration", "chartsInScope", "tabsInScope", "shared_label_colors", "map_label_colors", "color_scheme_domain",
    "positions", "default_filters", "filter_scopes",
}  # fmt: skip


def tidy(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """One exported file in the canonical form. `kind` is the folder: databases, datasets, charts or dashboards."""
    found = _without_defaults(kind, {key: value for key, value in content.items() if key not in NEVER[kind]})
    if kind == "datasets":
        for part in ("columns", "metrics"):
            rows = [_without_defaults(part, row) for row in found.get(part, [])]
            found[part] = sorted(rows, key=lambda row: row[f"{part[:-1]}_name"])
    if kind == "charts":
        params = {key: value for key, value in found["params"].items() if key not in _OF_A_SUPERSET}
        found["params"] = {key: value for key, value in params.items() if (key, value) != ("annotation_layers", [])}
    if kind == "dashboards":
        found["metadata"] = _without_keys(found.get("metadata", {}), _WORKED_OUT)
        _number_charts(found)
    tidied: dict[str, Any] = _in_order(found)
    if kind == "dashboards":
        position = tidied["position"]
        order = _reading_order(position, "ROOT_ID")
        tidied["position"] = {key: position[key] for key in [*(key for key in position if key not in order), *order]}
    return tidied


def whole(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite for an import: every key that was left out, with its meaning."""
    found = {**DEFAULTS[kind], **content}
    if kind == "datasets":
        for part in ("columns", "metrics"):
            found[part] = [{**DEFAULTS[part], **row} for row in found.get(part, [])]
    if kind == "charts":
        found["query_context"] = None
    return found


def _without_defaults(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    known = DEFAULTS[kind]
    return {key: value for key, value in content.items() if not (key in known and (value == known[key] or value in (None, "")))}


def _without_keys(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without_keys(inner, names) for key, inner in value.items() if key not in names}
    if isinstance(value, list):
        return [_without_keys(inner, names) for inner in value]
    return value


def _number_charts(dashboard: dict[str, Any]) -> None:
    """Give the charts of a dashboard the numbers 1, 2, 3 ... in reading order, wherever they are named by number."""
    position = dashboard["position"]
    numbers: dict[int, int] = {}
    for key in _reading_order(position, "ROOT_ID"):
        meta = position[key].get("meta", {})
        if position[key]["type"] == "CHART":
            numbers[meta["chartId"]] = len(numbers) + 1
            meta["chartId"] = numbers[meta["chartId"]]
    for native in dashboard["metadata"].get("native_filter_configuration", []):
        scope = native.get("scope", {})
        scope["excluded"] = sorted(numbers[old] for old in scope.get("excluded", []) if old in numbers)
    expanded = dashboard["metadata"].get("expanded_slices", {})
    if expanded:
        dashboard["metadata"]["expanded_slices"] = {
            str(numbers[int(old)]): on for old, on in expanded.items() if int(old) in numbers
        }


def _reading_order(position: Mapping[str, Any], key: str) -> list[str]:
    children = position[key].get("children", [])
    return [key, *(found for child in children for found in _reading_order(position, child))]


def _in_order(value: Any) -> Any:
    """Keys that say what a thing is come first, the others by name."""
    if isinstance(value, dict):
        rank = {name: place for place, name in enumerate(ORDER)}
        keys = sorted(value, key=lambda key: (rank.get(key, len(ORDER)), key))
        return {key: _in_order(value[key]) for key in keys}
    return [_in_order(inner) for inner in value] if isinstance(value, list) else value


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, small lists and records on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _is_small(value: Any, room: int) -> bool:
    inner = list(value.values()) if isinstance(value, dict) else list(value)
    plain = all(not isinstance(one, dict | list) or not one for one in inner)
    return plain and "\n" not in str(value) and len(str(value)) <= room and not any("\n" in str(one) for one in inner)


def _record(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=_is_small(value, 110))


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_is_small(value, 110))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _record)
_Dumper.add_representer(list, _list)


def write(content: Mapping[str, Any]) -> str:
    """Canonical YAML of a record."""
    text = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=150, default_flow_style=False)
    return str(text)
