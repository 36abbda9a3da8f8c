"""The pages on reliability are what the records give, and every fault of the list is tried or says why not."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import reliability
from local.instance import REPOSITORY

CATALOGUE = reliability.Catalogue.read()


def marked() -> dict[str, set[str]]:
    """Test functions by the fault that their marker, or the list, names; read from the files."""
    found: dict[str, set[str]] = {}
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            numbers = CATALOGUE.tried_by(path) if function.name.startswith("test_") else []
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                    numbers += [ast.literal_eval(number) for number in mark.args]
            for number in numbers:
                found.setdefault(number, set()).add(f"{path.relative_to(REPOSITORY)}::{function.name}")
    return found


def test_every_fault_is_tried_or_says_in_both_languages_why_not() -> None:
    tried = marked()
    assert list(CATALOGUE) == [f"F{number}" for number in range(1, 70)]
    untried = {number for number, fault in CATALOGUE.items() if fault.untried}
    named = {number for number, fault in CATALOGUE.items() if fault.tests}
    assert tried.keys() & untried == set() and tried.keys() | untried | named == CATALOGUE.keys()
    for number, fault in CATALOGUE.items():
        for text in (fault.what, fault.untried, fault.lacks):
            assert text is None or (text["en"] and any("\u4e00" <= letter <= "\u9fff" for letter in text["zh"])), number


def test_the_record_speaks_of_every_fault_by_tests_that_stand() -> None:
    found, tests = reliability.by_fault(reliability.read_record()["results"]), marked()
    assert list(found) == list(CATALOGUE)
    for number, results in found.items():
        for entry in results:
            assert entry["result"] in reliability.RESULTS and entry["lost_rows"] >= 0
            assert entry["result"] == "untried" or entry["note"] in tests[number], (
                f"{number}: record anew with make faults RECORD=1"
            )


@pytest.mark.parametrize("language", reliability.PAGES)
def test_the_page_is_what_the_record_gives(language: str) -> None:
    """Make it again with `python -m local.reliability`."""
    written = reliability.PAGES[language].read_text(encoding="utf-8")
    assert written == reliability.render(language, reliability.read_record(), CATALOGUE)


TESTS = """
import pytest

@pytest.mark.fault("F1", "F2")
@pytest.mark.parametrize("lost", [0, 3])
def test_counted(lost, record_property):
    record_property("lost_rows", lost)

@pytest.mark.fault("F3")
def test_red():
    assert False

@pytest.mark.fault("F4")
def test_passed_over():
    pytest.skip("no such machine")
"""


def test_what_tests_say_comes_to_the_record(tmp_path: Path) -> None:
    """Through processes of their own, as in CI; the worst case of a test counts."""
    (tmp_path / "test_any.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = fault: tried\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.fault_record", "-n", "2", "--faults", "faults.json"]
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'plugins'}"}
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "1 failed, 2 passed, 1 skipped" in answer.stdout, answer.stdout + answer.stderr
    found = reliability.by_fault(json.loads((tmp_path / "faults.json").read_text(encoding="utf-8")))
    assert list(found) == list(CATALOGUE)
    assert found["F2"] == [{"fault": "F2", "result": "pass", "lost_rows": 3, "note": "test_any.py::test_counted"}]
    assert reliability.outcome(found["F3"]) == "fail" and reliability.outcome(found["F5"]) == "untried"
    assert found["F4"][0]["result"] == "untried" and "no such machine" in found["F4"][0]["note"]
