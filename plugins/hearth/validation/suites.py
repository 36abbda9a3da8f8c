"""Run a Great Expectations suite on a frame in memory and say which rows fail which expectation.

Suites are reviewed JSON in expectations/. An expectation of severity `critical` refuses the rows
it names; `meta.reason` says with which reason. Severity `warning` is recorded and refuses nothing.
Great Expectations takes seconds to import: only tasks import this module, never a DAG file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import numpy as np
import pandas as pd

from hearth.contracts.reasons import BIT, Bits
from hearth.validation.distinct import Coded, Judged, by_column, coded
from hearth.validation.suite_text import suite_text

EXAMPLES = 20
SMALL = 4096
"""Rows up to which a frame is looked at as it is."""
NTH = "nth in the suite"
RESULT_FORMAT = {"result_format": "COMPLETE", "partial_unexpected_count": EXAMPLES}
BY_VALUE = {"expect_column_values_to_be_between", "expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"}
"""Expectations that judge each value by itself, so that a value may be judged once for all its rows."""


Blame = Callable[[str, np.ndarray, int], None]


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


@dataclass
class Verdict:
    """What one expectation says of one frame. `rows`: those it names; `counts`: whether it looks at each row; `told`: some of
    what it names, as Great Expectations tells it."""

    rows: np.ndarray
    success: bool
    counts: bool = True
    observed_value: Any = None
    told: list[Any] = field(default_factory=list)


class Suite:
    """One suite and what it found so far."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name, self.text = name, suite_text(name, folder)
        self.content_hash = hashlib.sha256(self.text.encode()).hexdigest()
        self.outcomes: list[Outcome] = []
        self._judged: dict[tuple[tuple[str, float], ...], Judged] = {}

    @cached_property
    def _expectations(self) -> list[dict[str, Any]]:
        expectations: list[dict[str, Any]] = json.loads(self.text)["expectations"]
        self.outcomes += [replace(outcome, examples=[]) for outcome in _parsed(self.text, tuple(range(len(expectations))))[1]]
        return expectations

    @cached_property
    def _by_value(self) -> dict[str, list[int]]:
        """Expectations that judge each value by itself, by column."""
        told = ((nth, each["type"], each["kwargs"]) for nth, each in enumerate(self._expectations))
        return by_column((nth, kwargs["column"]) for nth, kind, kwargs in told if kind in BY_VALUE and "mostly" not in kwargs)

    def validate(
        self, frame: pd.DataFrame, parameters: dict[str, float], apart: dict[str, Bits] | None = None, blame: Blame | None = None
    ) -> Bits:
        """Bits of the reasons of every row that a critical expectation refuses. Raises BrokenCheck.

        `apart`: columns whose reasons are theirs alone; they are added there and refuse no row. `blame`: is told the column, rows
        and reason of each other refusal.
        """
        refused = np.zeros(len(frame), np.int32)
        if frame.empty:
            return refused
        for nth, verdict in self._verdicts(frame, parameters).items():
            outcome = self.outcomes[nth]
            _add(outcome, verdict, frame)
            reason = outcome.config["meta"].get("reason")
            if outcome.severity == "critical" and reason and len(verdict.rows):
                column = outcome.config["kwargs"].get("column", "")
                own = (apart or {}).get(column, refused)
                own[verdict.rows] |= BIT[reason]
                if blame and own is refused:
                    blame(column, verdict.rows, BIT[reason])
        return refused

    def _verdicts(self, frame: pd.DataFrame, parameters: dict[str, float]) -> dict[int, Verdict]:
        """What each expectation says; of a large frame column by column, a column of few values by these."""
        everything = tuple(range(len(self._expectations)))
        if len(frame) <= SMALL:
            return self._asked(frame, everything, parameters)
        found: dict[int, Verdict] = {}
        few: dict[str, Coded] = {}
        for name, expectations in self._by_value.items():
            column = coded(frame[name].to_numpy())
            if column is None:
                found |= self._asked(frame[[name]], tuple(expectations), parameters)
            else:
                few[name] = column
        judged = self._judged.setdefault(tuple(sorted(parameters.items())), Judged(self._by_value))
        named = judged.judge(few, lambda values, chosen: {n: v.rows for n, v in self._asked(values, chosen, parameters).items()})
        found |= {nth: Verdict(rows, not len(rows)) for nth, rows in named.items()}
        others = tuple(nth for nth in everything if nth not in found)
        return found | (self._asked(frame, others, parameters) if others else {})

    def _asked(self, frame: pd.DataFrame, chosen: tuple[int, ...], parameters: dict[str, float]) -> dict[int, Verdict]:
        """What Great Expectations says of the frame, by the number of each chosen expectation. Raises BrokenCheck."""
        suite, _ = _parsed(self.text, chosen)
        batch = _frames().get_batch({"dataframe": frame})
        verdicts = {}
        for result in batch.validate(suite, result_format=RESULT_FORMAT, expectation_parameters=parameters).results:
            nth = result.expectation_config.meta[NTH]  # results are ordered by column, not as the suite is
            found, told = result.result or {}, self._expectations[nth]
            if result.exception_info and not found:
                raise BrokenCheck(f"suite {self.name}, {told['type']} {told['kwargs']}: {result.exception_info}")
            rows = np.asarray(found.get("unexpected_index_list") or [], np.int64)
            some = found.get("partial_unexpected_list") or []
            verdicts[nth] = Verdict(rows, bool(result.success), "element_count" in found, found.get("observed_value"), some)
        return verdicts

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


def _add(outcome: Outcome, verdict: Verdict, frame: pd.DataFrame) -> None:
    """Add what was found of one chunk."""
    outcome.success &= verdict.success
    outcome.element_count += len(frame) if verdict.counts else 0
    outcome.unexpected_count += len(verdict.rows)
    outcome.observed_value = verdict.observed_value if verdict.observed_value is not None else outcome.observed_value
    room, column = max(0, EXAMPLES - len(outcome.examples)), outcome.config["kwargs"].get("column")
    examples = frame[column].iloc[verdict.rows[:room]] if column in frame else verdict.told[:room]  # of a pair of columns, say
    outcome.examples += map(_plain, examples)


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
