"""What makes the days of an incremental model be built again, read from dbt's own manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hearth.transform.reduction import reductions

RANGES = "model.hearth.int_rebuild_range"
REDUCED = {reduction.name: reduction.subject for reduction in reductions()}


@pytest.fixture(scope="module")
def covers(models) -> dict[str, list[str]]:
    """Each subject and those whose days are among its own."""
    return models[RANGES]["config"]["meta"]["covers"]


@pytest.fixture(scope="module")
def incremental(models) -> dict[str, dict[str, Any]]:
    return {name: node for name, node in models.items() if node["config"]["materialized"] == "incremental"}


def parents(models: dict[str, dict[str, Any]], name: str) -> Iterator[tuple[str, set[str]]]:
    """The nearest incremental models and reductions it reads, through models that are built whole, with their subjects."""
    for parent in models[name]["depends_on"]["nodes"]:
        if parent.startswith("source.hearth.reduced."):
            yield parent, {REDUCED[parent.rpartition(".")[2]]}
        elif parent in models and models[parent]["config"]["materialized"] == "incremental":
            yield models[parent]["name"], set(models[parent]["config"]["meta"]["subjects"])
        elif parent in models:
            yield from parents(models, parent)


def test_every_subject_is_one_that_is_written(models, covers, incremental):
    assert set(re.findall(r"select\s+'(\w+)'", models[RANGES]["raw_code"])) == set(covers)
    assert {other for others in covers.values() for other in others} <= set(covers)
    said = {node["name"]: node["config"]["meta"].get("subjects", []) for node in incremental.values()}
    assert {name: subjects for name, subjects in said.items() if not subjects or not set(subjects) <= set(covers)} == {}
    assert set(REDUCED.values()) <= set(covers)
    assert len(said) > 7


def test_a_model_is_built_again_when_one_it_reads_is(models, covers, incremental):
    def days(name: str) -> set[str]:
        own = incremental[name]["config"]["meta"]["subjects"]
        return {*own, *(other for subject in own for other in covers[subject])}

    missing = {
        (node["name"], parent): lacking
        for name, node in incremental.items()
        for parent, subjects in parents(models, name)
        if (lacking := subjects - days(name))
    }
    assert missing == {}


def test_the_subjects_stand_in_one_place(incremental):
    for node in incremental.values():
        hooks = [hook["sql"] for hook in node["config"]["pre-hook"] if "delete_" in hook["sql"]]
        assert hooks in (["{{ delete_ranges() }}"], ["{{ delete_to_date() }}"]), node["name"]
