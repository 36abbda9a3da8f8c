"""Try a contract on a sample file: what would be accepted and how it would be loaded, what rejected and why. Writes nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from hearth.cleaning.doubled_hour import DoubledHour
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.measures import by_key
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, gathered
from hearth.cleaning.rows import Rows, clean, masked_records
from hearth.contracts.contract import Contract
from hearth.contracts.counts import Counts
from hearth.contracts.reasons import names
from hearth.dated.limits import Limits
from hearth.intake.trial_times import SampleTimes
from hearth.validation.batch import BatchValidation, gate

RECORDS_AT_ONCE = 50_000


@dataclass
class Trial:
    """What a contract makes of a sample. `rows`: the first accepted ones as raw would hold them; `examples`: rejected ones.

    `left_out`: values left out of accepted rows, by channel and reason. `places` names the rows of `rows`;
    `arrived_at` is the delivery the sample was given, where the contract goes by it.
    `gate`: what it would do with a batch like this; `remarks`: what is odd in the sample as a whole.
    """

    rows_read: int = 0
    rows_rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    arrived_at: datetime | None = None
    gate: str = ""
    remarks: list[str] = field(default_factory=list)

    @property
    def rows_accepted(self) -> int:
        return self.rows_read - self.rows_rejected

    def as_json(self) -> dict[str, Any]:
        """For scripts: the counts, rows by their first reason, the first accepted rows, and what would be left out, if any."""
        left_out = [{"column": name, "reason": reason, "number": number} for (name, reason), number in self.left_out.most_common()]
        return {
            "rows_read": self.rows_read,
            "rows_accepted": self.rows_accepted,
            "rows_rejected": self.rows_rejected,
            "reasons": dict(self.reasons.most_common()),
            "rows": self.rows,
        } | ({"left_out": left_out} if left_out else {})


def try_sample(contract: Contract, sample: Path, show: int, accepted: int = 3, arrived_at: datetime | None = None) -> Trial:
    """Every row of the sample through the contract; `show` rejected ones of each reason and the first `accepted` ones are kept.

    `arrived_at`: the delivery of the file, else its own time. Raises UnreadableFile when it is not what the contract says.
    """
    if contract.points == "registered" and not os.environ.get("HEARTH_WAREHOUSE_URL_LOADER"):
        contract = contract.model_copy(update={"points": None})
    pseudonyms = Pseudonyms("only-for-this-dry-run-of-a-sample")
    delivered = arrived_at or datetime.fromtimestamp(sample.stat().st_mtime, UTC)
    trial, validation = Trial(arrived_at=delivered if contract.arrival == "file" else None), BatchValidation(contract)
    times = SampleTimes(contract, delivered)
    with sample.open("rb") as stream:
        for rows in _cleaned(contract, _landed(contract, sample, delivered), stream, pseudonyms):
            bits = validation.validate(rows)
            times.add(rows)
            trial.rows_read += len(rows)
            trial.left_out += rows.left_out(bits == 0)
            good = np.flatnonzero(bits == 0)[: accepted - len(trial.rows)]
            trial.places += [_place(rows, at) for at in good]
            trial.rows += [_as_loaded(contract, rows.frame.iloc[at]) for at in good]
            _count_rejected(trial, contract, rows, bits, show, pseudonyms)
    trial.remarks = [*_too_old(trial, times.newest), *times.remarks()]
    trial.gate = _gate(contract, trial, times.newest or delivered.date())
    return trial


def _too_old(trial: Trial, newest: date | None) -> list[str]:
    """Of an archive: how old a row may be, and the delivery by which its rows are not."""
    if trial.arrived_at is None or "time_too_old" not in trial.reasons or newest is None:
        return []
    allowed = Limits.from_seeds().on(newest)["max_age_minutes"] / 1440
    return [
        f"time_too_old: more than {allowed:g} days before the delivery. The newest day in the sample is {newest}: of an archive"
        f" say when it was delivered, such as --arrived {newest + timedelta(days=1)}"
    ]


def _gate(contract: Contract, trial: Trial, day: date) -> str:
    """What the gate would do with these rows as one batch."""
    verdict = gate(contract, Counts(rows_read=trial.rows_read, rows_quarantined=trial.rows_rejected), day, trial.left_out)
    least = Limits.from_seeds().on(day)["gate_min_rows"]
    if trial.rows_read < least:
        return f"the gate judges no batch of fewer than {least:g} rows; of more: {verdict.message}"
    would = {None: "load it", "warning": "load it with a warning"}.get(verdict.severity, "hold it")
    return f"as one batch the gate would {would}: {verdict.message}"


def _landed(contract: Contract, sample: Path, delivered: datetime) -> LandedFile:
    compression = "gzip" if sample.suffix == ".gz" else "none"
    is_lines = {".ndjson", ".jsonl"} & set(sample.suffixes)
    return LandedFile(0, sample.name, "", delivered, "ndjson" if is_lines else contract.format.kind, compression)


def _cleaned(contract: Contract, file: LandedFile, stream: BinaryIO, pseudonyms: Pseudonyms) -> Iterator[Rows]:
    doubled_hour = DoubledHour()
    try:
        for records in by_key(contract, gathered(read_records(contract, file, stream), RECORDS_AT_ONCE)):
            yield clean(contract, records, pseudonyms, doubled_hour)
    except UnreadableFile as error:  # nothing was landed, and no interval waits
        raise UnreadableFile(error.what, "Then try it again.") from error


def _count_rejected(trial: Trial, contract: Contract, rows: Rows, bits: np.ndarray, show: int, pseudonyms: Pseudonyms) -> None:
    """Only the rows that are shown are masked: of a sample that is refused whole that would take longer than all the rest."""
    bad = np.flatnonzero(bits)
    trial.rows_rejected += len(bad)
    shown: list[int] = []
    for value in np.unique(bits[bad]).tolist():
        first, here = names(value)[0], np.flatnonzero(bits == value)
        shown += here[: max(0, show - trial.reasons[first])].tolist()
        trial.reasons[first] += len(here)
    shown.sort()
    for at, text in zip(shown, masked_records(contract, rows, np.array(shown, int), pseudonyms), strict=True):
        trial.examples.append(f"record {_place(rows, at)}: {rows.why(at, int(bits[at]))}: {text}")


def _place(rows: Rows, at: int) -> str:
    """Number of the record in its file, and of the reading in its packet."""
    position, within = (int(rows.frame[name].iloc[at]) for name in ("position", "sub_position"))
    return f"{position}.{within}" if within else str(position)


def _as_loaded(contract: Contract, row: pd.Series) -> dict[str, Any]:
    """A row of raw: the entity's columns, null where the contract maps none, and when it arrived."""
    stored = [column.stored_name for column in contract.entity_definition.columns]
    version = ["source_version"] if contract.version else []
    return {name: _plain(row.get(name)) for name in ["arrived_at", *version, *stored]}


def _plain(value: Any) -> Any:
    """As JSON has it; instants in UTC."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
