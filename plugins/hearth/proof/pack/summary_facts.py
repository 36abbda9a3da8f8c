"""What the page of a pack says, gathered from the rows of the pack as they pass: when it is written, and when it is checked.

One code for both, so a page that says anything else than the proved rows is found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hearth.proof.digests import Seal

Row = dict[str, str | None]
Table = tuple[list[str], list[Sequence[Any]]] | None
COUNTED = ("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate")
PUBLICATIONS, RESTATEMENTS = 30, 200
"""So many of the newest are shown."""

_KPI = ["kpi", "heating_date", "value", "numerator", "denominator", "target", "verdict"]
_PUBLICATION = ["publication_id", "published_at", "triggered_by", "definition_hash", "content_hash"]
_RESTATEMENT = ["heating_date", "kpi", "unit_kind", "unit_id", "before_value", "value", "reason", "publication_id"]
_FLOATS = {"value", "target", "before_value"}


@dataclass
class SummaryFacts:
    """Rows of the tables the page speaks of; `add` takes them in any order."""

    season: str
    kpis: dict[str, Row] = field(default_factory=dict)
    publications: list[Row] = field(default_factory=list)
    restatements: list[Row] = field(default_factory=list)
    batches: dict[str, Row] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)
    refused: list[tuple[str, str, str, tuple]] = field(default_factory=list)
    acts: dict[tuple, list[Row]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[tuple, list[str]] = field(default_factory=lambda: defaultdict(list))
    deleted: dict[tuple, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, row: Row) -> None:
        """One row of a table of the ledger or the quarantine; tables the page says nothing of are passed over."""
        taker = _TAKERS.get(table)
        if taker is not None:
            taker(self, row)

    def add_kpi(self, row: Row) -> None:
        """One row of the season's published KPIs, in order of the days."""
        if row["unit_kind"] == "company":
            self.kpis[str(row["kpi"])] = row

    def facts(self, seals: list[Seal]) -> dict[str, Any]:
        """What `hearth.proof.pack.summary.render` makes the page of."""
        last = max(seals, key=lambda seal: seal.seal_id, default=None)
        told = {"seal_id": last.seal_id, "sha256": last.sha256, "sealed_at": last.sealed_at.isoformat()} if last else None
        newest = max(self.publications, key=lambda row: int(row["publication_id"] or 0), default=None)
        return {
            "season": self.season,
            "last_seal": told,
            "definition_hash": str(newest["definition_hash"]) if newest else "",
            "kpis": _table(_KPI, [self.kpis[name] for name in sorted(self.kpis)]),
            "publications": _table(_PUBLICATION, _newest(self.publications)[:PUBLICATIONS]),
            "restatements": _table(_RESTATEMENT, self._restated()),
            "feeds": self._feeds(),
            "quarantine": self._open(last.sealed_at.date().isoformat() if last else ""),
            "validations": self._validations(),
            "retention": self._retention(),
        }

    def _restated(self) -> list[Row]:
        names = ("heating_date", "kpi", "unit_kind", "unit_id")
        in_order = sorted(self.restatements, key=lambda row: tuple(str(row[name]) for name in names))
        return _newest(in_order)[:RESTATEMENTS]

    def _feeds(self) -> Table:
        current = [row for batch, row in self.batches.items() if batch not in self.superseded]
        rows: dict[str, list[int]] = defaultdict(lambda: [0] * (2 + len(COUNTED)))
        for row in current:
            held = row["status"] == "held"
            counts = (1, int(held), *(int(row[name] or 0) for name in COUNTED))
            rows[str(row["feed"])] = [a + b for a, b in zip(rows[str(row["feed"])], counts, strict=True)]
        return _shown(["feed", "batches", "held", *COUNTED], [(feed, *rows[feed]) for feed in sorted(rows)])

    def _open(self, day: str) -> Table:
        """Rows that were open on the day of the last seal, as quarantine.row_open has them."""
        counted: Counter[tuple[str, str]] = Counter()
        for batch, feed, reason, key in self.refused:
            if batch not in self.superseded and not any(self._settles(act, batch, day) for act in self.acts.get(key, ())):
                counted[feed, reason] += 1
        rows = [(feed, reason, number) for (feed, reason), number in counted.items()]
        return _shown(["feed", "first_reason", "rows"], sorted(rows, key=lambda row: (row[0], -row[2], row[1])))

    def _settles(self, act: Row, batch: str, day: str) -> bool:
        if act["act"] == "replayed":
            return int(act["batch_id"] or 0) > int(batch) and str(act["batch_id"]) not in self.superseded
        return act["act"] == "waived" and (act["valid_until"] is None or str(act["valid_until"]) >= day)

    def _validations(self) -> Table:
        rows = [(*key, len(times), max(times)) for key, times in self.failed.items()]
        return _shown(
            ["subject", "suite", "severity", "times", "last_time"], sorted(rows, key=lambda row: tuple(map(str, row[:3])))
        )

    def _retention(self) -> Table:
        rows = [
            (*key, len(acts), sum(int(act["rows_deleted"] or 0) for act in acts), max(str(act["at"]) for act in acts))
            for key, acts in self.deleted.items()
        ]
        header = ["subject", "rule", "why", "who", "acts", "deleted", "last_time"]
        return _shown(header, sorted(rows, key=lambda row: tuple(map(str, row[:4]))))


def _restatement(found: SummaryFacts, row: Row) -> None:
    if row["season"] == found.season and row["is_restatement"] == "t":
        found.restatements.append({name: row.get(name) for name in _RESTATEMENT})


def _refused(found: SummaryFacts, row: Row) -> None:
    found.refused.append((str(row["batch_id"]), str(row["feed"]), str(row["first_reason"]), _key(row)))


def _validation(found: SummaryFacts, row: Row) -> None:
    if row["success"] == "f":
        found.failed[row["subject"], row["suite"], row["severity"]].append(str(row["validated_at"]))


_TAKERS: dict[str, Callable[[SummaryFacts, Row], Any]] = {
    "ledger.publication": lambda found, row: found.publications.append({name: row.get(name) for name in _PUBLICATION}),
    "ledger.published_value": _restatement,
    "ledger.batch": lambda found, row: found.batches.update(
        {str(row["batch_id"]): {name: row[name] for name in ("feed", "status", *COUNTED)}}
    ),
    "ledger.supersession": lambda found, row: found.superseded.add(str(row["batch_id"])),
    "quarantine.row": _refused,
    "quarantine.act": lambda found, row: found.acts[_key(row)].append(row),
    "ledger.validation": _validation,
    "ledger.retention_act": lambda found, row: found.deleted[row["subject"], row["rule"], row["why"], row["who"]].append(row),
}


TOLD = frozenset(_TAKERS)
"""Tables the page speaks of."""


def _key(row: Row) -> tuple:
    return row["feed"], row["file_sha256"], row["position"], row["sub_position"]


def _newest(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -int(row["publication_id"] or 0))


def _table(header: list[str], rows: list[Row]) -> Table:
    return _shown(header, [[_value(name, row[name]) for name in header] for row in rows])


def _shown(header: list[str], rows: Sequence[Sequence[Any]]) -> Table:
    return (header, list(rows)) if rows else None


def _value(name: str, text: str | None) -> Any:
    return float(text) if name in _FLOATS and text is not None else text
