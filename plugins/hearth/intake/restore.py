"""Make a warehouse again from the landing files and the acts of people alone.

Every pull whose manifest lies in the landing store is recorded and loaded again, in the order in which it was landed, the
register first; then waivers, approvals and deletions by rule are put back. The next build publishes what was published
before: raw, quarantine and marts depend on what came and on today's contracts, suites and dated rows, not on ids or times of
ours. What was deleted by rule does not come back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.contracts.loading import load_contracts
from hearth.intake import decided, take_in
from hearth.intake.decided import Decided
from hearth.landing.landing import LandedPull
from hearth.landing.store import LandingStore, StoredFile, stored_files
from hearth.warehouse import ledger
from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)
RUN = "restore"

_TABLES = {
    "definition_file": "ledger.definition_file",
    "waived": "quarantine.act",
    "approval": "ledger.approval",
    "deleted_file": "ledger.retention_act",
    "given_up": "ledger.hole_act",
}
"""Where each kind of act stands, in the order in which they are put back; decisions about pulls are put back with their pulls."""

EXPORTED = ("waived", "approval", "definition_file", "deleted_file", "given_up", *decided.EXPORTED)
"""What people decided. Replays are no decision about rows: today's contracts are applied to all of them anyway."""


class CannotRestore(RuntimeError):
    """The warehouse is not empty, or a landing file is missing and nobody recorded its deletion."""


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
        return stored_files(self.facts)

    @property
    def landed(self) -> LandedPull:
        facts = self.facts
        return LandedPull(facts["feed"], self.interval, RUN, facts["source"], self.name, self.sha256, self.files)


def export_acts() -> list[dict[str, Any]]:
    """Acts of people as rows of JSON: waivers, approvals with the contents approved, deletions by rule, decisions about pulls."""
    found = []
    with connect("auditor") as connection:
        for kind in EXPORTED:
            cursor = connection.execute(SQL[f"exported_{kind}"])
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
    """Load every landed pull and put the acts back; returns counts of pulls by what became of them, and of acts.

    A pull that its gate held, that cannot be read, that cuts another, or whose files were deleted by rule loads nothing, as
    before; it is told and the others go on. Raises CannotRestore before anything is written; ValueError when a landing file
    was changed.
    """
    contracts, store, acts = load_contracts(), LandingStore(), list(acts)
    pulls = manifests(store)
    _refuse_begun(len(pulls))
    deleted = _deleted(pulls, store, {act["stored_as"] for act in acts if act["kind"] == "deleted_file"})
    counts, people = {"pulls": len(pulls), "held": 0, "refused": 0, "deleted": 0}, Decided(acts)
    for number, manifest in enumerate(pulls, 1):
        contract = contracts[manifest.facts["feed"]]
        pull_id = ledger.record_pull(manifest.landed)
        people.recorded(manifest.name, pull_id)
        try:
            if manifest.name in deleted:
                counts["deleted"] += 1
                said = "passed over, its landing files were deleted by rule"
            else:
                said = _loaded(contract, pull_id, manifest.name, people)
        except take_in.BatchHeld as held:
            counts["held"] += 1
            said = f"held: {held}"
        except (UnreadableFile, ledger.PartialOverlap) as error:  # it was refused then, too; the ledger has the step as failed
            counts["refused"] += 1
            said = f"passed over: {error}"
        tell(f"{number} of {len(pulls)}: {contract.feed} {manifest.interval}: {said}")
        for again in people.stand_again(manifest.name):
            tell(f"{contract.feed}: an earlier pull stands again: {_loaded(contract, again, manifest.name, people)}")
    return {**counts, "acts": _put_back(acts)}


def _loaded(contract: Contract, pull_id: int, manifest: str, people: Decided) -> str:
    """Load a pull; one that is held is loaded all the same where a person accepted it then. Raises BatchHeld."""
    try:
        counts = take_in.clean_validate_load(contract, pull_id, RUN)
    except take_in.BatchHeld:
        if not people.accepts(manifest):
            raise
        counts = take_in.clean_validate_load(contract, pull_id, RUN)
    return f"{counts['rows_loaded']:,} of {counts['rows_read']:,} rows loaded"


def _refuse_begun(pulls: int) -> None:
    """Raises CannotRestore when the warehouse has pulls: loading old ones after newer ones would put old rows in their place."""
    with connect("loader") as connection:
        row = connection.execute("select count(*), count(*) filter (where run_id = %s) from ledger.pull", (RUN,)).fetchone()
    assert row is not None
    if row[0]:
        begun = f", {row[1]} of them by a restore of {pulls}; a restore does not go on where it stopped" if row[1] else ""
        raise CannotRestore(
            f"the warehouse has {row[0]} pulls already{begun}; restore into an empty one (drop this database or make a new one, "
            "mend what stopped the restore, `hearth migrate`, then `hearth restore` with the same --acts)"
        )


def _deleted(pulls: list[Manifest], store: LandingStore, by_rule: set[str]) -> set[str]:
    """Names of the manifests of which a file was deleted by rule. Raises CannotRestore for a file missing without such an act."""
    missing = [(pull, file) for pull in pulls for file in pull.files if not (store.root / file.stored_as).exists()]
    for pull, file in missing:
        if file.stored_as not in by_rule:
            raise CannotRestore(
                f"landing file {file.stored_as} ({file.source_name!r} of {pull.name}) is missing, and no act of retention says why."
                " Restore it from backup; if it was deleted by rule, give --acts a file that `hearth acts export` wrote after that."
                " Nothing was loaded."
            )
    return {pull.name for pull, _ in missing}


def _put_back(acts: list[dict[str, Any]]) -> int:
    """Insert the acts, each with who did it then, which the owner alone may say; nothing of them is there in an empty warehouse."""
    with connect("owner") as connection:
        for kind, table in _TABLES.items():
            for act in (a for a in acts if a["kind"] == kind):
                values = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in act.items() if k != "kind"}
                marks = ", ".join(["%s"] * len(values))
                connection.execute(
                    f"insert into {table} ({', '.join(values)}) values ({marks}) on conflict do nothing",
                    list(values.values()),
                )
    return sum(act["kind"] != "definition_file" for act in acts)
