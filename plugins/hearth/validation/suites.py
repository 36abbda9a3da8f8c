"""Run a Great Expectations suite on a frame in memory and say which rows fail which expectation.

Suites are reviewed JSON in expectations/. An expectation of severity `critical` refuses the rows
it names; `meta.reason` says with which reason. Severity `warning` is recorded and refuses nothing.
Great Expectations takes seconds to import: only tasks import this module, never a DAG file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import numpy as np
import pandas as pd

from hearth.contracts.loading import expectations_folder
from hearth.contracts.reasons import BIT, Bits
from hearth.validation.distinct import View, views

EXAMPLES = 20
SMALL = 4096
"""Rows up to which a frame is looked at as it is."""
NTH = "nth in the suite"
RESULT_FORMAT = {"result_format": "COMPLETE", "partial_unexpected_count": EXAMPLES}
BY_VALUE = {"expect_column_values_to_be_between", "expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"}
"""Expectations that judge each value by itself, so that a value may be judged once for all its rows."""


class BrokenCheck(RuntimeError):
    """A check that could not be computed: no verdict on the data. Mend the suite or the frame, then run again."""


@dataclass
class Outcome:
    """What one expectation found, added up over all chunks of a batch."""

    config: dict[str, Any]
    severity: str
    element_count: int = 0
    unexpected_count: int = 0
    examples: list[Any] = field(default_factory=list)
    success: bool = True
    observed_value: Any = None


@lru_cache(maxsize=256)
def _parsed(text: str, chosen: tuple[int, ...]) -> tuple[gx.ExpectationSuite, list[Outcome]]:
    """A suite of the chosen expectations, and an outcome of each; once a process, for it takes longer than a small batch."""
    told = json.loads(text)
    suite, outcomes = gx.ExpectationSuite(**told | {"expectations": [told["expectations"][nth] for nth in chosen]}), []
    for nth, expectation in zip(chosen, suite.expectations, strict=True):
        configuration = expectation.configuration.to_json_dict()
        expectation.meta = {**(expectation.meta or {}), NTH: nth}
        outcomes.append(Outcome(configuration, str(getattr(expectation.severity, "value", expectation.severity))))
    return suite, outcomes


@lru_cache(maxsize=1)
def _frames() -> Any:
    """Great Expectations' name for a frame in memory; one context a process."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context.data_sources.add_pandas("memory").add_dataframe_asset("chunk").add_batch_definition_whole_dataframe("whole")


def _views(frame: pd.DataFrame, expectations: list[dict[str, Any]]) -> Iterator[tuple[View, tuple[int, ...]]]:
    """What there is to look at, and which of the expectations look at it."""
    if len(frame) <= SMALL:
        yield View(frame), tuple(range(len(expectations)))
        return
    by_value = {
        nth: e["kwargs"]["column"] for nth, e in enumerate(expectations) if e["type"] in BY_VALUE and "mostly" not in e["kwargs"]
    }
    for view in views(frame, dict.fromkeys(by_value.values())):
        yield view, tuple(nth for nth, column in by_value.items() if column in view.frame)
    if others := tuple(nth for nth in range(len(expectations)) if nth not in by_value):
        yield View(frame), others


class Suite:
    """One suite and what it found so far."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        path = (folder or expectations_folder()) / f"{name}.json"
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such suite; a contract's `suite` names a file of expectations/")
        self.name, self.text = name, path.read_text(encoding="utf-8")
        self.content_hash = hashlib.sha256(self.text.encode()).hexdigest()
        self.outcomes: list[Outcome] = []

    @cached_property
    def _expectations(self) -> list[dict[str, Any]]:
        expectations: list[dict[str, Any]] = json.loads(self.text)["expectations"]
        self.outcomes += [replace(outcome, examples=[]) for outcome in _parsed(self.text, tuple(range(len(expectations))))[1]]
        return expectations

    def validate(self, frame: pd.DataFrame, parameters: dict[str, float], apart: dict[str, Bits] | None = None) -> Bits:
        """Bits of the reasons of every row that a critical expectation refuses. Raises BrokenCheck.

        `apart`: columns whose reasons are theirs alone; they are added there and refuse no row.
        """
        expectations = self._expectations
        refused = np.zeros(len(frame), np.int32)
        if frame.empty:
            return refused
        for view, chosen in _views(frame, expectations):
            suite, _ = _parsed(self.text, chosen)
            batch = _frames().get_batch({"dataframe": view.frame})
            verdict = batch.validate(suite, result_format=RESULT_FORMAT, expectation_parameters=parameters)
            for result in verdict.results:  # ordered by column, not as the suite is
                outcome = self.outcomes[result.expectation_config.meta[NTH]]
                rows = self._add(outcome, result, view, frame)
                reason = outcome.config["meta"].get("reason")
                if outcome.severity == "critical" and reason and len(rows):
                    own = (apart or {}).get(outcome.config["kwargs"].get("column", ""), refused)
                    own[rows] |= BIT[reason]
        return refused

    def _add(self, outcome: Outcome, result: Any, view: View, frame: pd.DataFrame) -> np.ndarray:
        """What one expectation found in one chunk; the rows it names."""
        found = result.result or {}
        if result.exception_info and not found:
            raise BrokenCheck(f"suite {self.name}, {outcome.config['type']} {outcome.config['kwargs']}: {result.exception_info}")
        column, lines = outcome.config["kwargs"].get("column", ""), found.get("unexpected_index_list") or []
        rows = view.rows(column, np.asarray(lines, np.int64))
        outcome.success &= bool(result.success)
        outcome.element_count += len(frame) if "element_count" in found else 0
        outcome.unexpected_count += len(rows)
        outcome.observed_value = found.get("observed_value", outcome.observed_value)
        room = max(0, EXAMPLES - len(outcome.examples))
        examples = frame[column].iloc[rows[:room]] if column in frame else found.get("partial_unexpected_list", [])[:room]
        outcome.examples += map(_plain, examples)
        return rows

    def columns_of(self, reasons: set[str]) -> list[str]:
        """Columns that the expectations with these reasons look at."""
        return [e["kwargs"]["column"] for e in self._expectations if e["meta"].get("reason") in reasons and "column" in e["kwargs"]]

    @property
    def success(self) -> bool:
        return all(outcome.success for outcome in self.outcomes)

    @property
    def worst_severity(self) -> str | None:
        """Severity of the gravest failed expectation; `success` alone ignores severity."""
        failed = {outcome.severity for outcome in self.outcomes if not outcome.success}
        return next((severity for severity in ("critical", "warning", "info") if severity in failed), None)

    def report(self) -> dict[str, Any]:
        """What the ledger and the Data Docs keep."""
        return {
            "results": [
                {
                    "expectation": outcome.config,
                    "severity": outcome.severity,
                    "success": outcome.success,
                    "element_count": outcome.element_count,
                    "unexpected_count": outcome.unexpected_count,
                    "observed_value": _plain(outcome.observed_value),
                    "examples": outcome.examples,
                }
                for outcome in self.outcomes
            ]
        }


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else str(value)
    return int(value) if isinstance(value, np.integer) else str(value)
