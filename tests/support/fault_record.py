"""Writes what became of the faults that tests try: `pytest --faults build/faults.json`.

A test says by `@pytest.mark.fault("F48")` which faults of tests/faults.yml it tries for real, and by
`record_property("lost_rows", n)` how many rows were lost, where it counts them; a test that compares what came with what
stands loses none when it passes. Works under xdist: what a test says travels with its reports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.reliability import Catalogue, entries

FAULTS, LOST = "faults", "lost_rows"
CATALOGUE = Catalogue.read()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", metavar="FILE", help="write what became of the faults tried, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    target = config.getoption("--faults")
    if target and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FaultRecord(Path(target)), "fault_record")


def pytest_itemcollected(item: pytest.Item) -> None:
    if of_its_file := CATALOGUE.tried_by(item.path):
        item.add_marker(pytest.mark.fault(*of_its_file))
    if numbers := sorted({number for mark in item.iter_markers("fault") for number in mark.args}):
        item.user_properties.append((FAULTS, numbers))


class FaultRecord:
    """Gathers the outcome of every test that tries a fault; one outcome a test function, the worst of its cases."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.tried: dict[tuple[str, str], dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told: dict[str, Any] = dict(report.user_properties)
        for number in told.get(FAULTS, ()):
            one = self.tried.setdefault((number, report.nodeid.partition("[")[0]), {"cases": 0, LOST: 0})
            one["cases"] += report.when == "call" and not report.skipped
            if report.when == "teardown":
                one[LOST] += int(told.get(LOST, 0))
            if report.failed:
                one["failed"] = True
            if report.skipped:
                one["skipped"] = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)

    def pytest_sessionfinish(self) -> None:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.target.write_text(json.dumps(entries(CATALOGUE, self.tried), indent=1, ensure_ascii=False) + "\n")
