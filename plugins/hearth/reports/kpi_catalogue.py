"""The KPI catalogue: what every published number means, made from the marts' own descriptions.

A mart says in `config.meta.kpis` how each of its numbers is computed, in both languages; grain, owner and the
meaning of every column come from the model itself, so the catalogue cannot say anything else than the marts do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES = {"en": "kpi-catalogue.md", "zh": "kpi-catalogue.zh-CN.md"}

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "KPI catalogue",
        "intro": "Every number of the published marts: formula, denominator, exclusions, source, owner and target. Made from the"
        " marts' own descriptions by `hearth catalogue`; change those, not this page. In plain words: [kpis.md](kpis.md)."
        " Chinese: [kpi-catalogue.zh-CN.md](kpi-catalogue.zh-CN.md).",
        "grain": "One row per",
        "owner": "Owner",
        "column": "column",
        "meaning": "meaning",
        "formula": "Formula",
        "denominator": "Denominator",
        "exclusions": "Left out",
        "source": "Source",
        "target": "Target",
        "stop": ": ",
    },
    "zh": {
        "title": "指标目录",
        "intro": "已发布数据集市中的每个数值：公式、分母、剔除项、数据来源、责任部门和目标。"
        "由 `hearth catalogue` 根据数据集市自身的说明生成，请修改说明而不是本页。"
        "通俗说明见 [kpis.zh-CN.md](kpis.zh-CN.md)。英文版：[kpi-catalogue.md](kpi-catalogue.md)。",
        "grain": "每行对应",
        "owner": "责任部门",
        "column": "列",
        "meaning": "含义",
        "formula": "公式",
        "denominator": "分母",
        "exclusions": "剔除",
        "source": "来源",
        "target": "目标",
        "stop": "：",
    },
}
PARTS = ("formula", "denominator", "exclusions", "source", "target")


class IncompleteKpi(ValueError):
    """A mart describes a number without saying all of it, or in one language only; the message names mart, number and part."""


def write_catalogue(manifest: Mapping[str, Any], folder: Path) -> list[Path]:
    """Both languages of the catalogue into a folder; returns the files written."""
    written = []
    for language, name in FILES.items():
        path = folder / name
        path.write_text(render(manifest, language), encoding="utf-8")
        written.append(path)
    return written


def render(manifest: Mapping[str, Any], language: str) -> str:
    """The catalogue in one language (`en` or `zh`) from dbt's manifest. Raises IncompleteKpi."""
    words = WORDS[language]
    marts = [node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["fqn"][1] == "marts"]
    sections = [f"# {words['title']}", words["intro"]]
    for mart in sorted(marts, key=lambda node: node["name"]):
        sections += _mart(mart, language, words)
    return "\n\n".join(sections) + "\n"


def _mart(mart: Mapping[str, Any], language: str, words: Mapping[str, str]) -> list[str]:
    meta = mart["config"]["meta"]
    keys: list[list[str]] = [c["columns"] for c in mart["constraints"] if c["type"] == "primary_key"]
    head = [f"- {words['owner']}{words['stop']}{meta['owner']}"]
    head = [*(f"- {words['grain']}{words['stop']}{', '.join(key)}" for key in keys), *head]
    kpis = meta.get("kpis")
    if not kpis:
        raise IncompleteKpi(f"{mart['name']}: config.meta.kpis is missing; say how its numbers are computed")
    columns = [
        f"| `{name}` | {' '.join(column['description'].split()).replace('|', chr(92) + '|')} |"
        for name, column in mart["columns"].items()
    ]
    table = [f"| {words['column']} | {words['meaning']} |", "|---|---|", *columns]
    return [
        f"## {mart['name']}",
        " ".join(mart["description"].split()),
        "\n".join(head),
        *(_kpi(mart["name"], kpi, language, words) for kpi in kpis),
        "\n".join(table),
    ]


def _kpi(mart: str, kpi: Mapping[str, Any], language: str, words: Mapping[str, str]) -> str:
    suffix = "" if language == "en" else "_zh"
    for part in ("name", "title", "title_zh", *PARTS, *(f"{part}_zh" for part in PARTS)):
        if not kpi.get(part):
            raise IncompleteKpi(f"{mart}: kpi {kpi.get('name', '?')} does not say its {part}")
    lines = [f"- {words[part]}{words['stop']}{' '.join(str(kpi[part + suffix]).split())}" for part in PARTS]
    title = f"{kpi['title']} {kpi['title_zh']}" if language == "en" else f"{kpi['title_zh']}（{kpi['title']}）"
    return "\n".join([f"### {title}: `{kpi['name']}`", "", *lines])
