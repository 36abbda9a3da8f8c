"""What the files of dashboards/ promise, read without any server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from hearth.dashboards import canonical, files
from hearth.dashboards.access import Access, has_units
from hearth.reports.documents import slug
from tests.support.agreed_marts import MARTS

ROOT = Path(__file__).resolve().parents[2]
ALL = files.read()
CHARTS = {path: content for path, content in ALL.items() if path.startswith("charts/")}
DATASETS = {path: content for path, content in ALL.items() if path.startswith("datasets/")}
BOARDS = {path: content for path, content in ALL.items() if path.startswith("dashboards/")}
BY_UUID = {content["uuid"]: content for content in ALL.values()}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2,}")


def parts(board: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for part in board["position"].values() if isinstance(part, dict) and part["type"] == kind]


def test_there_are_the_six_dashboards() -> None:
    assert {board["slug"] for board in BOARDS.values()} == {
        "season-overview", "room-temperature", "complaints-and-service", "renewal-and-works", "network-today", "data-quality",
    }  # fmt: skip
    assert len({content["uuid"] for content in ALL.values()}) == len(ALL)


@pytest.mark.parametrize("path", ALL)
def test_a_file_is_written_in_the_canonical_form(path: str) -> None:
    content = ALL[path]
    tidied = canonical.tidy(path.split("/")[0], content)
    assert (files.FOLDER / path).read_text(encoding="utf-8") == canonical.write(tidied)


@pytest.mark.parametrize("path", CHARTS)
def test_a_chart_says_its_definition_unit_and_n_in_both_languages(path: str) -> None:
    chart = CHARTS[path]
    assert CHINESE.search(chart["slice_name"]) and ENGLISH.search(chart["slice_name"])
    text = chart["description"]
    assert len(CHINESE.findall(text)) > 10 and len(ENGLISH.findall(text)) > 10
    assert re.search(r"单位 Unit: \S", text) and re.search(r"n: \S", text)
    linked = re.search(r"\]\(docs/kpi-catalogue\.md#([^)]+)\)", text)
    headings = re.findall(r"^#+ (.*)$", (ROOT / "docs" / "kpi-catalogue.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert linked and linked[1] in {slug(heading) for heading in headings}


@pytest.mark.parametrize("path", CHARTS)
def test_a_chart_asks_only_for_what_its_dataset_has(path: str) -> None:
    chart = CHARTS[path]
    dataset, params = BY_UUID[chart["dataset_uuid"]], chart["params"]
    columns, metrics = ({row[f"{kind}_name"] for row in dataset[f"{kind}s"]} for kind in ("column", "metric"))
    wanted = [params.get(key) for key in ("metric", "x", "y", "size", "timeseries_limit_metric")] + params.get("metrics", [])
    assert {name for name in wanted if name} - metrics == set()
    named = [*params.get("groupby", []), *params.get("all_columns", []), *params.get("groupbyRows", []), params.get("x_axis")]
    named += [part["subject"] for part in params["adhoc_filters"]]
    assert {name for name in named if name} - columns == set()
    assert any(chart["uuid"] == part["meta"]["uuid"] for board in BOARDS.values() for part in parts(board, "CHART"))


@pytest.mark.parametrize("path", DATASETS)
def test_a_dataset_reads_marts_alone_and_fills_no_gap(path: str) -> None:
    dataset = DATASETS[path]
    sql = dataset["sql"]
    assert dataset["schema"] == "marts"
    assert dataset["database_uuid"] == ALL["databases/hearth.yaml"]["uuid"]
    inner = set(re.findall(r"(\w+) as \(\n", sql))
    read = set(re.findall(r"\b(?:from|join)\s+([a-z_.]+)", sql)) - inner
    assert read and read <= {f"marts.{mart}" for mart in MARTS}
    assert not re.search(r"coalesce\([^()]*,\s*0", sql), "a missing number is shown as missing, never as 0"
    for row in [*dataset["columns"], *dataset["metrics"]]:
        assert CHINESE.search(row["verbose_name"]), row


def test_a_dataset_belongs_to_branches_or_says_that_it_does_not() -> None:
    without = {dataset["table_name"] for dataset in DATASETS.values() if not has_units(dataset)}
    assert without == set(Access.read(files.FOLDER).company_wide)


@pytest.mark.parametrize("path", BOARDS)
def test_a_dashboard_speaks_both_languages_and_its_filters_work_on_what_it_shows(path: str) -> None:
    board = BOARDS[path]
    assert CHINESE.search(board["dashboard_title"]) and ENGLISH.search(board["dashboard_title"])
    charts = {part["meta"]["chartId"]: BY_UUID[part["meta"]["uuid"]] for part in parts(board, "CHART")}
    for native in board["metadata"]["native_filter_configuration"]:
        assert CHINESE.search(native["name"]) and ENGLISH.search(native["name"])
        column = native["targets"][0].get("column", {}).get("name")
        for number, chart in charts.items():
            dataset = BY_UUID[chart["dataset_uuid"]]
            has = column in {row["column_name"] for row in dataset["columns"]} if column else bool(dataset.get("main_dttm_col"))
            assert has or number in native["scope"]["excluded"], f"{native['name']} on {chart['slice_name']}"


def test_a_viewer_may_look_and_nothing_else() -> None:
    access = Access.read(files.FOLDER)
    forbidden = re.compile(r"SQL|sqllab|Database|Dataset|can_export|can_add|can_delete|can_edit")
    assert not [name for name in access.permissions if forbidden.search(name)]
    writes = {name for name in access.permissions if name.startswith("can_write")}
    own = {"CurrentUserRestApi", "DashboardFilterStateRestApi", "DashboardPermalinkRestApi"}
    assert writes == {f"can_write on {thing}" for thing in own}


def test_no_password_and_no_other_host_is_in_the_folder() -> None:
    assert ALL["databases/hearth.yaml"]["sqlalchemy_uri"] == files.ADDRESS
    assert urlsplit(files.ADDRESS).password is None
    for path in [*files.FOLDER.rglob("*.yaml"), *files.FOLDER.rglob("*.yml"), files.FOLDER / "superset_config.py"]:
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text and "https://" not in text, path
    for login in yaml.safe_load((files.FOLDER / "access.yml").read_text(encoding="utf-8"))["logins"]:
        assert "password" not in login


def test_the_lock_is_hashed_and_names_no_package_host() -> None:
    lock = (files.FOLDER / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    blocks = re.split(r"^(?=[\w.\[\]-]+==)", lock, flags=re.MULTILINE)[1:]
    assert len(blocks) > 100 and all("--hash=sha256:" in block for block in blocks)


def test_links_and_addresses_come_back_as_they_were() -> None:
    url = "postgresql://hearth_dashboards:s3cret@db.example:5433/warehouse"  # pragma: allowlist secret
    place = files.Place(url, "https://pages.example")
    text = "[a](docs/kpi-catalogue.md#room) [b](pages/trace/index/index.html)"
    linked = place.link(text)
    assert linked == "[a](https://pages.example/docs/kpi-catalogue.html#room) [b](https://pages.example/trace/index/index.html)"
    assert place.unlink(linked) == text
    assert place.address == url.replace("postgresql", "postgresql+psycopg2").replace("s3cret", "XXXXXXXXXX")
    assert place.password == "s3cret"  # pragma: allowlist secret
