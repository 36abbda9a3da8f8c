"""Make a warehouse again from the landing files and the acts of people alone.

Every pull whose manifest lies in the landing store is recorded and loaded again, in the order in which it was landed, the
register first; then waivers and approvals are put back. The next build publishes what was published before: raw, quarantine
and marts depend on what came and on today's contracts, suites and dated rows, not on ids or times of ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hearth import intake
from hearth.contracts.loading import load_contracts
from hearth.landing.store import LandingStore, StoredFile
from hearth.sources.delivery import Interval
from hearth.warehouse import ledger
from hearth.warehouse.connections import connect

RUN = "restore"

EXPORTED = {
    "waived": "select feed, file_sha256, position, sub_position, act, who, why, valid_until from quarantine.act"
    " where act = 'waived' order by act_id",
    "approval": "select path, before_sha256, after_sha256, valid_from, who, why, impact from ledger.approval order by approval_id",
    "definition_file": "select sha256, content from ledger.definition_file where sha256 in"
    " (select before_sha256 from ledger.approval union select after_sha256 from ledger.approval) order by 1",
}
"""What people decided. Replays are no decision about rows: today's contracts are applied to all of them anyway."""

_TABLES = {"waived": "quarantine.act", "approval": "ledger.approval", "definition_file": "ledger.definition_file"}
_ORDER = ("definition_file", "waived", "approval")


class NotEmpty(RuntimeError):
    """The warehouse has batches already; a restore begins with an empty one."""


@dataclass(frozen=True)
class Manifest:
    """A pull as its manifest tells of it."""

    name: str
    sha256: str
    facts: dict[str, Any]

    @property
    def interval(self) -> Interval:
        start, end = self.facts["interval"]
        return Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))

    @property
    def files(self) -> list[StoredFile]:
        return [
            StoredFile(**{**f, "delivered_at": datetime.fromisoformat(f["delivered_at"]) if f["delivered_at"] else None})
            for f in self.facts["files"]
        ]


def export_acts() -> list[dict[str, Any]]:
    """Acts of people as rows of JSON: waivers and approvals, with the contents approved."""
    found = []
    with connect("auditor") as connection:
        for kind in _ORDER:
            cursor = connection.execute(EXPORTED[kind])
            names = [column.name for column in cursor.description or []]
            found += [{"kind": kind, **dict(zip(names, row, strict=True))} for row in cursor]
    return found


def manifests(store: LandingStore) -> list[Manifest]:
    """Every pull of a feed there is a contract for: registers first, then in order of landing."""
    contracts = load_contracts()
    found = []
    for feed in contracts:
        folder = store.root / feed / "pulls"
        for path in folder.iterdir() if folder.exists() else ():
            text = path.read_bytes()
            found.append(Manifest(f"{feed}/pulls/{path.name}", hashlib.sha256(text).hexdigest(), json.loads(text)))

    def order(manifest: Manifest) -> tuple[bool, str, str]:
        is_register = contracts[manifest.facts["feed"]].entity_definition.register
        return not is_register, manifest.facts.get("landed_at", ""), manifest.name

    return sorted(found, key=order)


def restore(acts: Iterable[dict[str, Any]], tell: Callable[[str], None]) -> dict[str, int]:
    """Load every landed pull and put the acts back; returns counts. Raises NotEmpty; ValueError when a landing file was changed."""
    with connect("loader") as connection:
        if connection.execute("select 1 from ledger.batch limit 1").fetchone():
            raise NotEmpty("the warehouse has batches already; restore into an empty one (a new database, then `hearth migrate`)")
    contracts, held = load_contracts(), 0
    pulls = manifests(LandingStore())
    for number, manifest in enumerate(pulls, 1):
        facts = manifest.facts
        pull_id = ledger.record_pull(
            facts["feed"], manifest.interval, RUN, facts["source"], manifest.name, manifest.sha256, manifest.files
        )
        try:
            counts = intake.clean_validate_load(contracts[facts["feed"]], pull_id, RUN)
            said = f"{counts['rows_loaded']:,} of {counts['rows_read']:,} rows loaded"
        except intake.BatchHeld:  # it was held then, too: its rows wait in quarantine
            held, said = held + 1, "held by its gate"
        tell(f"{number} of {len(pulls)}: {facts['feed']} {manifest.interval}: {said}")
    return {"pulls": len(pulls), "held": held, "acts": _put_back(list(acts))}


def _put_back(acts: list[dict[str, Any]]) -> int:
    """Insert the acts; nothing of them is there in an empty warehouse."""
    with connect("engineer") as connection:
        for kind in _ORDER:
            for act in (a for a in acts if a["kind"] == kind):
                values = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in act.items() if k != "kind"}
                marks = ", ".join(["%s"] * len(values))
                connection.execute(
                    f"insert into {_TABLES[kind]} ({', '.join(values)}) values ({marks}) on conflict do nothing",
                    list(values.values()),
                )
    return sum(act["kind"] != "definition_file" for act in acts)
