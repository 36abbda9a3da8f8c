"""Read what a demo has made, hold it against what the city knows, and write build/demo.json.

Published figures are read with the reader's login, as a dashboard would.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

RATE_TOLERANCE = 1e-9
KPIS: Mapping[str, str] = {
    "room_compliance_percent": "rooms meeting the standard",
    "complaints_per_10000_households": "complaints",
    "renewal_progress_percent": "pipe renewal",
}
SHOWN_DIFFERENCES = 12

KpiKey = tuple[str, str, str, str, str]
"""season, heating_date, unit_kind, unit_id, kpi"""


@dataclass(frozen=True)
class Figure:
    """A published or true value with its counts; None stands for null."""

    value: float | None
    numerator: float | None
    denominator: float | None
    unit: str = ""
    previous: float | None = None
    change: float | None = None


@dataclass
class FeedCounts:
    """What became of the rows of one feed, from the ledger, and what the city planted in them."""

    feed: str
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    quarantined_by_reason: dict[str, int] = field(default_factory=dict)
    planted_by_reason: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    """Rows and duplicates as the city counts them, where it does."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Values of loaded rows that could not be used, as `column:reason`."""
    planted_left_out: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "feed": self.feed,
            "rows_read": self.rows_read,
            "rows_loaded": self.rows_loaded,
            "rows_quarantined": self.rows_quarantined,
            "rows_duplicate": self.rows_duplicate,
            "quarantined_by_reason": self.quarantined_by_reason,
            "planted_by_reason": self.planted_by_reason,
            "left_out": self.left_out,
            "planted_left_out": self.planted_left_out,
        }


def published_figures(url: str) -> dict[KpiKey, Figure]:
    """Every published row of marts.season_kpi."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select season, heating_date, unit_kind, unit_id, kpi, value, numerator, denominator, unit, previous_value,"
            " change from marts.season_kpi"
        ).fetchall()
    return {
        (season, str(day), kind, unit_id, kpi): Figure(
            _number(value), _number(above), _number(below), unit or "", _number(previous), _number(change)
        )
        for season, day, kind, unit_id, kpi, value, above, below, unit, previous, change in rows
    }


def mart_rows(url: str) -> dict[str, int]:
    """Rows of every published mart."""
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'marts' order by 1")]
        counted = [connection.execute(sql.SQL("select count(*) from marts.{}").format(sql.Identifier(n))).fetchone() for n in names]
    return {name: int(row[0]) for name, row in zip(names, counted, strict=True) if row}


def true_figures(path: Path) -> dict[KpiKey, Figure]:
    """The city's own computation of the same table."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            (row["season"], row["heating_date"], row["unit_kind"], row["unit_id"], row["kpi"]): Figure(
                _number(row["value"]), _number(row["numerator"]), _number(row["denominator"])
            )
            for row in csv.DictReader(stream)
        }


def feed_counts(url: str, feeds: Iterable[str], planted: Mapping[str, Mapping[str, Any]]) -> list[FeedCounts]:
    """Counts of the batches that stand, and of the rows that wait in quarantine, feed by feed."""
    counts = {name: FeedCounts(name) for name in sorted({*feeds, *planted})}
    with psycopg.connect(url) as connection:
        batches = connection.execute(
            "select feed, sum(rows_read), sum(rows_loaded), sum(rows_quarantined), sum(rows_duplicate)"
            " from ledger.batch_current group by feed"
        ).fetchall()
        reasons = connection.execute(
            "select feed, first_reason, count(*) from quarantine.row_open group by feed, first_reason order by 1, 2"
        ).fetchall()
        cells = connection.execute(
            "select feed, column_name || ':' || reason, sum(number) from ledger.batch_left_out join ledger.batch_current"
            " using (batch_id) group by 1, 2 order by 1, 2"
        ).fetchall()
    for feed, read, loaded, quarantined, duplicate in batches:
        counts[feed] = FeedCounts(feed, int(read), int(loaded), int(quarantined), int(duplicate))
    for feed, reason, number in reasons:
        counts.setdefault(feed, FeedCounts(feed)).quarantined_by_reason[reason] = int(number)
    for feed, cell, number in cells:
        counts.setdefault(feed, FeedCounts(feed)).left_out[cell] = int(number)
    for feed, sent in planted.items():
        counts[feed].planted_left_out = {cell: int(number) for cell, number in sorted(sent.get("left_out", {}).items())}
        by_reason = sorted(sent["quarantined_by_reason"].items())
        counts[feed].planted_by_reason = {reason: int(number) for reason, number in by_reason if number}
        counts[feed].sent = {name: int(sent[name]) for name in ("rows_read", "rows_duplicate") if name in sent}
    return list(counts.values())


def kpi_differences(published: Mapping[KpiKey, Figure], truth: Mapping[KpiKey, Figure]) -> list[str]:
    """What differs from the truth, in words; nothing when all agree.

    Organisation units the city keeps no account of (communities) are not compared.
    """
    kept = {(kind, kpi) for _, _, kind, _, kpi in truth}
    told = []
    for key in sorted(truth.keys() | published.keys()):
        name = " ".join(key)
        if key not in published:
            told.append(f"{name}: not published, truth {truth[key].value}")
        elif key not in truth:
            if published[key].value is not None and (key[2], key[4]) in kept:
                told.append(f"{name}: published {published[key].value}, unknown to the city")
        else:
            told += [f"{name}: {difference}" for difference in _figure_differences(published[key], truth[key])]
    return told


def count_differences(counts: Iterable[FeedCounts]) -> list[str]:
    """Where quarantine and planted defects disagree, and where rows got lost."""
    told = []
    for entry in counts:
        for found, planted, where in (
            (entry.quarantined_by_reason, entry.planted_by_reason, "in quarantine"),
            (entry.left_out, entry.planted_left_out, "left out"),
        ):
            for reason in sorted(found.keys() | planted.keys()):
                if found.get(reason, 0) != planted.get(reason, 0):
                    told.append(f"{entry.feed}: {reason}: {found.get(reason, 0)} {where}, {planted.get(reason, 0)} planted")
        if entry.rows_read != entry.rows_loaded + entry.rows_quarantined + entry.rows_duplicate:
            told.append(f"{entry.feed}: {entry.rows_read} rows read are not loaded + quarantined + duplicate")
        for name, number in entry.sent.items():
            if getattr(entry, name) != number:
                told.append(f"{entry.feed}: {name} {getattr(entry, name)}, the city sent {number}")
        if entry.rows_read == 0 and not entry.sent:
            told.append(f"{entry.feed}: no row read")
    return told


def shorten(differences: list[str]) -> list[str]:
    """The first few, and how many more."""
    more = len(differences) - SHOWN_DIFFERENCES
    return differences[:SHOWN_DIFFERENCES] + ([f"... and {more} more"] if more > 0 else [])


def company_figures(published: Mapping[KpiKey, Figure]) -> dict[tuple[str, str], tuple[str, Figure]]:
    """(season, kpi) -> (last day published, figure) of the whole company."""
    last: dict[tuple[str, str], tuple[str, Figure]] = {}
    for (season, day, kind, _, kpi), figure in published.items():
        if kind == "company" and day > last.get((season, kpi), ("", None))[0]:
            last[season, kpi] = (day, figure)
    return dict(sorted(last.items()))


def kpi_rows(published: Mapping[KpiKey, Figure], truth: Mapping[KpiKey, Figure]) -> list[dict[str, Any]]:
    """The `kpis` of demo.json: company and branches on the last day of each season."""
    last_days = {season: day for (season, _), (day, _) in company_figures(published).items()}
    rows = []
    for key, figure in sorted(published.items()):
        season, day, kind, unit_id, kpi = key
        if kind in ("company", "branch") and last_days.get(season) == day:
            true = truth.get(key)
            rows.append(
                {"name": kpi, "season": season, "org_unit": unit_id, "value": figure.value,
                 "truth": true.value if true else None, "unit": figure.unit}
            )  # fmt: skip
    return rows


def write_json(path: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def _figure_differences(published: Figure, truth: Figure) -> list[str]:
    told = []
    for name in ("numerator", "denominator", "value"):
        mine, true = getattr(published, name), getattr(truth, name)
        if (mine is None) != (true is None) or (mine is not None and not _same(name, mine, true)):
            told.append(f"{name} {mine}, truth {true}")
    return told


def _same(name: str, mine: float, true: float) -> bool:
    """Counts exactly, rates and lengths within 1e-9 of their size."""
    if name != "value" and float(true).is_integer():
        return mine == true
    return math.isclose(mine, true, rel_tol=RATE_TOLERANCE, abs_tol=RATE_TOLERANCE)


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
