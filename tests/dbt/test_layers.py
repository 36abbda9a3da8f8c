"""What the project promises about itself, read from dbt's own manifest: layers, contracts, owners, words."""

from __future__ import annotations

import copy
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearth.contracts.entities import ENTITIES
from hearth.dated.dated_rows import read_rows
from hearth.reports.kpi_catalogue import FILES, IncompleteKpi, render
from hearth.transform.texts import FOLDER
from tests.support.agreed_marts import MARTS

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
MAY_READ = {
    "staging": {"source", "seed", "staging"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"intermediate", "marts"},
}


def layer(manifest: dict[str, Any], name: str) -> str:
    kind = name.split(".")[0]
    return manifest["nodes"][name]["fqn"][1] if kind == "model" else kind


def test_each_layer_reads_only_the_one_before(manifest, models):
    """What readings were reduced to comes in beside the staging layer."""
    wrong = [
        f"{node['name']} ({layer(manifest, name)}) reads {parent} ({layer(manifest, parent)})"
        for name, node in models.items()
        for parent in node["depends_on"]["nodes"]
        if layer(manifest, parent) not in MAY_READ[layer(manifest, name)] and not parent.startswith("source.hearth.reduced.")
    ]
    assert wrong == []


def test_nothing_is_made_that_nothing_reads(manifest, models):
    """A staging or intermediate model has a model that reads it, or is named by the pipeline (trace, reconciliation, impact)."""
    named = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "plugins").rglob("*.py"))
    idle = [
        node["name"]
        for name, node in models.items()
        if layer(manifest, name) != "marts"
        and not any(child.startswith("model.") for child in manifest["child_map"][name])
        and not re.search(rf"\b{node['name']}\b", named)
    ]
    assert idle == []


@pytest.mark.parametrize("seed", ["validation_limit", "health_limit"])
def test_every_dated_limit_is_read(seed):
    """Its code stands in a model, a suite or the pipeline; not counted are lists of all codes."""
    places = [
        REPOSITORY / name
        for name in ("dbt_project/models", "dbt_project/macros", "dbt_project/reductions", "expectations", "plugins/hearth")
    ]
    files = [path for place in places for kind in ("*.sql", "*.json", "*.py") for path in place.rglob(kind)]
    words = set(re.findall(r"\w+", " ".join(f.read_text(encoding="utf-8") for f in files if f.name != "limit_codes.sql")))
    assert [row["limit_code"] for row in read_rows(seed) if row["limit_code"] not in words] == []


def test_a_subject_is_one_folder_with_its_words_and_unit_tests(manifest, models):
    inner = [node for node in models.values() if node["fqn"][1] == "intermediate"]
    folders = {node["name"]: Path(node["original_file_path"]).parent for node in inner}
    assert {name for name, folder in folders.items() if folder.parent.name != "intermediate"} == set()
    assert {node["name"]: Path(node["patch_path"].removeprefix("hearth://")).parent for node in inner} == folders
    assert [folder.name for folder, files in Counter(folders.values()).items() if files < 2] == []
    tests = [test for test in manifest["unit_tests"].values() if test["model"] in folders]
    assert {test["name"] for test in tests if Path(test["original_file_path"]).parent != folders[test["model"]]} == set()


def test_no_model_reads_readings_that_live_in_files(manifest):
    assert [
        name for name, children in manifest["child_map"].items() if name.startswith("source.hearth.readings.") and children
    ] == []
    reads = {entity["reads"] for entity in yaml.safe_load((FOLDER / "reductions.yml").read_text(encoding="utf-8")).values()}
    assert reads == {name for name, entity in ENTITIES.items() if entity.in_files}


def test_schemas_are_the_stages_of_the_way(models):
    stage = {"staging": "staging", "intermediate": "intermediate", "marts": "candidate"}
    assert {node["name"]: node["schema"] for node in models.values()} == {
        node["name"]: stage[node["fqn"][1]] for node in models.values()
    }


def test_marts_are_the_agreed_ones_with_contract_key_and_owner(models):
    marts = {node["name"]: node for node in models.values() if node["fqn"][1] == "marts"}
    assert set(marts) == MARTS
    for name, node in marts.items():
        assert node["config"]["contract"]["enforced"], name
        assert node["config"]["meta"]["owner"], name
        keys = [c for c in node["constraints"] if c["type"] == "primary_key"]
        assert len(keys) == 1 and keys[0]["columns"], name
        columns = node["columns"]
        for column in keys[0]["columns"]:
            assert {"type": "not_null"}.items() <= next(iter(columns[column]["constraints"])).items(), (name, column)
        assert all(column["description"] and column["data_type"] for column in columns.values()), name


def test_marts_speak_to_managers_in_both_languages(models):
    for node in models.values():
        if node["fqn"][1] == "marts":
            assert any("\u4e00" <= letter <= "\u9fff" for letter in node["description"]), node["name"]
            assert len(node["description"]) > 80, node["name"]


def test_everything_is_described(manifest, models):
    bare = [node["name"] for node in models.values() if not node["description"]]
    bare += [s["name"] for s in manifest["sources"].values() if not s["description"]]
    bare += [n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "seed" and not n["description"]]
    assert bare == []


def test_a_column_of_one_meaning_is_described_once(manifest):
    """In models/docs.md; a model that says the same by hand is left behind when the words are bettered."""
    said = defaultdict(list)
    for node in manifest["nodes"].values():
        for column in node.get("columns", {}).values():
            if column["description"]:
                said[column["name"], " ".join(column["description"].split())].append((node["name"], column["doc_blocks"]))
    by_hand = {what: [name for name, blocks in where if not blocks] for what, where in said.items() if len(where) > 1}
    assert {what: names for what, names in by_hand.items() if names} == {}


def test_exposures_have_owners(manifest):
    assert manifest["exposures"]
    read = set()
    for exposure in manifest["exposures"].values():
        assert exposure["owner"]["name"] and exposure["owner"]["email"]
        read |= set(exposure["depends_on"]["nodes"])
    assert {f"model.hearth.{mart}" for mart in MARTS} <= read


def test_every_test_stops_a_build(manifest):
    """One of a node that is not there any more is disabled by dbt with a line in its log."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert {node["config"]["severity"].lower() for node in tests} == {"error"}
    assert not [name for name in manifest["disabled"] if name.startswith("test.")] and len(tests) > 60


def test_raw_sources_have_freshness(manifest):
    raw = {s["name"]: s for s in manifest["sources"].values() if s["source_name"] in ("raw", "readings")}
    watched = {name for name, source in raw.items() if source["freshness"] and source["freshness"]["warn_after"]["count"]}
    assert watched == {
        "calibration",
        "emergency_reserve",
        "heat_capacity",
        "heat_meter_reading",
        "household_visit",
        "maintenance_order",
        "new_community",
        "outdoor_forecast",
        "outdoor_reading",
        "pipe_segment",
        "renewal_progress",
        "room_reading",
        "service_ticket",
        "source_reading",
        "station_reading",
        "works_project",
    }  # fmt: skip
    assert {(source["source_name"], source["loaded_at_field"]) for source in raw.values()} == {
        ("raw", "arrived_at"),
        ("readings", "arrived_to"),
    }


def test_no_deprecated_syntax_and_no_packages(manifest):
    assert not (Path(__file__).resolve().parents[2] / "dbt_project" / "packages.yml").exists()
    assert {node["package_name"] for node in manifest["nodes"].values()} == {"hearth"}


@pytest.mark.parametrize("language", FILES)
def test_the_kpi_catalogue_says_what_the_marts_say(manifest, language):
    """Make it again with `hearth catalogue` after a change of a mart."""
    written = (DOCS / FILES[language]).read_text(encoding="utf-8")
    assert written == render(manifest, language)


def test_a_number_that_is_not_explained_in_both_languages_is_refused(manifest, models):
    mart = copy.deepcopy(next(node for node in models.values() if node["name"] == "season_kpi"))
    mart["config"]["meta"]["kpis"][0]["formula_zh"] = ""
    with pytest.raises(IncompleteKpi, match="season_kpi: kpi value does not say its formula_zh"):
        render({"nodes": {"one": mart}}, "en")
