"""The last steps of a batch, inside its transaction: duplicates, replacement, ledger rows.

Set-based SQL on the side table that hearth.loading.batch_load filled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from hearth.contracts.interval import Interval
from hearth.contracts.reasons import PRECEDENCE
from hearth.loading.batch_load import QUARANTINE_SCHEMA, BatchLoad
from hearth.loading.erasure import refuse_erasure
from hearth.warehouse.ledger import OutdatedPull, PartialOverlap
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


@dataclass(frozen=True)
class Provenance:
    """Who and what made the batch."""

    run_id: str
    pull_id: int
    contract_hash: str
    suite_hash: str
    kind: str = "pull"
    order_id: int | None = None
    why: str = ""


def settle_duplicates(load: BatchLoad) -> None:
    """Same key and content again: counted as duplicate. Same key, other content: all of them refused,
    because nothing in the batch says which one is right."""
    load.aside(SQL["again"])
    if load.aside("select 1 from again limit 1").num_rows == 0:
        return
    load.aside(SQL["standing"])
    if load.entity.made_columns:
        load.aside(SQL["remove_lacking"])
        load.ingest("refused", load.aside(SQL["refused_lacking"]).cast(QUARANTINE_SCHEMA))
    load.aside(SQL["remove_conflicting"])
    load.ingest("refused", load.aside(SQL["refused_conflicting"], why="conflicting").cast(QUARANTINE_SCHEMA))
    load.aside(SQL["remove_repeated"])
    removed = load.side.removed()
    load.counts.rows_quarantined += removed.get("lacking", 0) + removed.get("conflicting", 0)
    load.counts.rows_duplicate += removed.get("repeated", 0)


def remember_replayed(load: BatchLoad) -> None:
    """Which rows a replay takes up, before duplicates among them are settled."""
    load.run("create temp table replayed on commit drop as select file_id, position, sub_position from refused")
    load.ingest("replayed", load.aside("select file_id, position, sub_position from incoming"))


def keep_known_keys(load: BatchLoad) -> None:
    """For a replay: rows whose key raw holds already. The same content is a duplicate; other content is refused."""
    load.side.give("known", load.raw.known())
    load.aside(SQL["remove_known"])
    load.ingest("refused", load.aside(SQL["refused_conflicting"], why="other_than_known").cast(QUARANTINE_SCHEMA))
    removed = load.side.removed()
    load.counts.rows_duplicate += removed.get("known", 0)
    load.counts.rows_quarantined += removed.get("other_than_known", 0)


def replace_interval(load: BatchLoad, provenance: Provenance, held: bool) -> None:
    """Swap the batch in: raw rows of the feed that arrived in the interval go, the new ones come.

    A held batch leaves raw as it is and only takes the place of earlier held ones. Raises OutdatedPull, PartialOverlap,
    WouldErase.
    """
    if provenance.kind == "pull":
        _refuse_outdated(load, provenance)
        if not held:
            refuse_erasure(load, provenance.pull_id)
        earlier = [row[0] for row in load.ask(SQL["supersede"], held=held)]
        if earlier and not held:
            load.raw.take_out(earlier)
    if not held:
        load.counts.rows_loaded = load.raw.take_in()


def _refuse_outdated(load: BatchLoad, provenance: Provenance) -> None:
    """What was pulled or loaded since this pull landed, seen under the lock of the feed. Raises OutdatedPull, PartialOverlap."""
    found = load.ask(SQL["newer_or_cut"], pull_id=provenance.pull_id)
    if not found:
        return
    other, start, end, is_newer = found[0]
    there, mine = Interval(start, end), load.interval
    if is_newer and start <= mine.start and end >= mine.end:
        raise OutdatedPull(f"pull {other} of {there} is newer than pull {provenance.pull_id} and there; nothing was changed")
    raise PartialOverlap(
        f"{load.contract.feed}: pull {provenance.pull_id} of {mine} would replace a part of what pull {other} of {there} brought."
        f" Nothing was changed. Pull [{min(start, mine.start).isoformat()}, {max(end, mine.end).isoformat()}) anew."
    )


def write_ledger(
    load: BatchLoad, provenance: Provenance, held: bool, note: str | None, out_of_order: Mapping[date, int] | None = None
) -> None:
    """Batch row, changed days and their quality, quarantine rows and personal values, in the batch's own transaction."""
    load.write(
        SQL["batch"],
        kind=provenance.kind,
        status="held" if held else "loaded",
        pull_id=provenance.pull_id,
        run_id=provenance.run_id,
        contract_hash=provenance.contract_hash,
        suite_hash=provenance.suite_hash,
        **asdict(load.counts),
        note=note,
    )
    _write_left_out(load)
    if not held:
        _write_days(load, out_of_order or {})
    if provenance.kind == "replay":
        load.write(SQL["replayed_acts"], order_id=provenance.order_id, why=provenance.why)
    load.write(SQL["quarantine"], precedence=",".join(PRECEDENCE))
    load.write(SQL["personal_values"])


def _write_left_out(load: BatchLoad) -> None:
    """What loaded rows lack, and lines that are no record."""
    for column, rows in sorted(load.no_record.items()):
        load.write(
            "insert into ledger.batch_left_out values (%(batch_id)s::bigint, %(column)s::text, 'no_record', %(rows)s::bigint)",
            column=column, rows=rows,
        )  # fmt: skip
    if load.entity.made_columns:
        load.write(SQL["left_out"], left_out=json.dumps(load.aside(SQL["accepted_left_out"]).to_pylist()))


def _write_days(load: BatchLoad, out_of_order: Mapping[date, int]) -> None:
    days = load.aside(SQL["accepted_days"], lateness_hours=load.contract.expected.lateness_hours).to_pylist()
    told = [{**day, "rows_out_of_order": out_of_order.get(day["event_date"], 0)} for day in days]
    load.write(SQL["days"], days=json.dumps(told, default=str))
