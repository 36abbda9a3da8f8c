"""Run a Great Expectations suite on a frame in memory and say which rows fail which expectation.

Suites are reviewed JSON in expectations/. An expectation of severity `critical` refuses the rows
it names; `meta.reason` says with which reason. Severity `warning` is recorded and refuses nothing.
Great Expectations takes seconds to import: only tasks import this module, never a DAG file.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import numpy as np
import pandas as pd

from hearth.contracts.loading import expectations_folder
from hearth.contracts.reasons import BIT, Bits

EXAMPLES = 20
NTH = "nth in the suite"
RESULT_FORMAT = {"result_format": "COMPLETE", "partial_unexpected_count": EXAMPLES}


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


@lru_cache(maxsize=64)
def _parsed(text: str) -> tuple[gx.ExpectationSuite, list[tuple[dict[str, Any], str]]]:
    """A suite, and the configuration and severity of each expectation; once a process, for it takes longer than a small batch."""
    suite, expectations = gx.ExpectationSuite(**json.loads(text)), []
    for nth, expectation in enumerate(suite.expectations):
        configuration = expectation.configuration.to_json_dict()
        expectation.meta = {**(expectation.meta or {}), NTH: nth}
        expectations.append((configuration, str(getattr(expectation.severity, "value", expectation.severity))))
    return suite, expectations


@lru_cache(maxsize=1)
def _frames() -> Any:
    """Great Expectations' name for a frame in memory; one context a process."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context.data_sources.add_pandas("memory").add_dataframe_asset("chunk").add_batch_definition_whole_dataframe("whole")


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
    def _suite(self) -> gx.ExpectationSuite:
        suite, expectations = _parsed(self.text)
        self.outcomes += [Outcome(configuration, severity) for configuration, severity in expectations]
        return suite

    def validate(self, frame: pd.DataFrame, parameters: dict[str, float], apart: dict[str, Bits] | None = None) -> Bits:
        """Bits of the reasons of every row that a critical expectation refuses. Raises BrokenCheck.

        `apart`: columns whose reasons are theirs alone; they are added there and refuse no row.
        """
        suite = self._suite
        refused = np.zeros(len(frame), np.int32)
        if frame.empty:
            return refused
        batch = _frames().get_batch({"dataframe": frame})
        verdict = batch.validate(suite, result_format=RESULT_FORMAT, expectation_parameters=parameters)
        for result in verdict.results:  # ordered by column, not as the suite is
            outcome = self.outcomes[result.expectation_config.meta[NTH]]
            rows = self._add(outcome, result)
            if outcome.severity == "critical" and rows is not None:
                reason = outcome.config["meta"].get("reason")
                own = (apart or {}).get(outcome.config["kwargs"].get("column", ""), refused)
                own[rows] |= BIT[reason] if reason else 0
        return refused

    def _add(self, outcome: Outcome, result: Any) -> np.ndarray | None:
        found = result.result or {}
        if result.exception_info and not found:
            raise BrokenCheck(f"suite {self.name}, {outcome.config['type']} {outcome.config['kwargs']}: {result.exception_info}")
        outcome.success &= bool(result.success)
        outcome.element_count += found.get("element_count", 0)
        outcome.unexpected_count += found.get("unexpected_count", 0)
        outcome.observed_value = found.get("observed_value", outcome.observed_value)
        room = EXAMPLES - len(outcome.examples)
        outcome.examples += [_plain(v) for v in found.get("partial_unexpected_list", [])[: max(0, room)]]
        rows = found.get("unexpected_index_list")
        return np.asarray(rows, np.int64) if rows else None

    def columns_of(self, reasons: set[str]) -> list[str]:
        """Columns that the expectations with these reasons look at."""
        expectations = json.loads(self.text)["expectations"]
        return [e["kwargs"]["column"] for e in expectations if e["meta"].get("reason") in reasons and "column" in e["kwargs"]]

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
