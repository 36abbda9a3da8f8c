"""The last steps of a batch, inside its transaction: duplicates, replacement, ledger rows.

Set-based SQL on the side tables that hearth.loading.batch_load filled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hearth.contracts.interval import Interval
from hearth.contracts.reasons import PRECEDENCE
from hearth.loading.batch_load import BatchLoad
from hearth.loading.erasure import refuse_erasure
from hearth.warehouse.ledger import OutdatedPull, PartialOverlap


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
    key = ", ".join(load.entity.raw_key[1:])
    load.run(
        "create temp table repeated_day (event_date date) on commit drop",
        f"create temp table repeated on commit drop as select {key} from incoming group by {key} having count(*) > 1",
    )
    if load.ask("select count(*) from repeated")[0][0] == 0:
        return
    for name in load.entity.made_columns:
        _refuse_less_than_whole(load, name)
    content = ", ".join(f"i.{name}" for name in load.entity.content_columns)
    load.run(
        f"create temp table conflicting on commit drop as select {key} from incoming i join repeated using ({key})"
        f" group by {key} having count(distinct md5(row({content})::text)) > 1",
        f"insert into refused select i.file_id, i.position, i.sub_position, i.arrived_at, 'conflicting_duplicate',"
        f" to_jsonb(i)::text, {_subject_and_event(load)} from incoming i join conflicting using ({key})",
    )
    load.counts.rows_quarantined += load.run(f"delete from incoming i using conflicting c where {_same('i', 'c', load)}")
    load.counts.rows_duplicate += load.run(
        "with gone as (delete from incoming where ctid in (select ctid from (select i.ctid, row_number() over"
        f" (partition by {key} order by i.file_id, i.position, i.sub_position) as nth"
        f" from incoming i join repeated using ({key})) numbered where nth > 1) returning {_event_date(load)} as event_date)"
        " insert into repeated_day select event_date from gone"
    )


def _refuse_less_than_whole(load: BatchLoad, left_out: str) -> None:
    """A row that lacks a channel says itself that it is not the right one of its key: where there is a whole one, that stands."""
    key, reasons = ", ".join(load.entity.raw_key[1:]), "select string_agg(distinct split_part(cell, ':', 2), ',')"
    load.run(
        f"create temp table better on commit drop as select {key} from incoming i join repeated using ({key})"
        f" group by {key} having bool_or(i.{left_out} is null) and bool_or(i.{left_out} is not null)",
        f"insert into refused select i.file_id, i.position, i.sub_position, i.arrived_at, ({reasons}"
        f" from unnest(string_to_array(i.{left_out}, ',')) as cell), to_jsonb(i)::text, {_subject_and_event(load)}"
        f" from incoming i join better using ({key}) where i.{left_out} is not null",
    )
    gone = f"delete from incoming i using better b where {_same('i', 'b', load)} and i.{left_out} is not null"
    load.counts.rows_quarantined += load.run(gone)


def remember_replayed(load: BatchLoad) -> None:
    """Which rows a replay takes up, before duplicates among them are settled."""
    load.run(
        "create temp table replayed on commit drop as select file_id, position, sub_position from incoming"
        " union select file_id, position, sub_position from refused"
    )


def keep_known_keys(load: BatchLoad) -> None:
    """For a replay: rows whose key raw holds already. The same content is a duplicate; other content is refused."""
    key, raw = _same("i", "r", load), f"raw.{load.entity.name}"
    content = " and ".join(f"i.{name} is not distinct from r.{name}" for name in load.entity.content_columns)
    feed = f"r.feed = '{load.contract.feed}'"
    load.counts.rows_duplicate += load.run(f"delete from incoming i using {raw} r where {feed} and {key} and {content}")
    load.run(
        "insert into refused select i.file_id, i.position, i.sub_position, i.arrived_at, 'conflicting_duplicate',"
        f" to_jsonb(i)::text, {_subject_and_event(load)} from incoming i join {raw} r on {feed} and {key}"
    )
    load.counts.rows_quarantined += load.run(f"delete from incoming i using {raw} r where {feed} and {key}")


def _subject_and_event(load: BatchLoad) -> str:
    """What a row of `incoming` is about and when it happened, for the quarantine."""
    column = load.entity.columns_by_name.get(load.entity.event_column)
    event = f"i.{column.name}" if column is not None and column.kind == "instant" else "null::timestamptz"
    return f"i.{load.entity.natural_key[0]}::text, {event}"


def _same(left: str, right: str, load: BatchLoad) -> str:
    return " and ".join(f"{left}.{name} = {right}.{name}" for name in load.entity.raw_key[1:])


def replace_interval(load: BatchLoad, provenance: Provenance, held: bool) -> None:
    """Swap the batch in: raw rows of the feed that arrived in the interval go, the new ones come.

    A held batch leaves raw as it is and only takes the place of earlier held ones. Raises OutdatedPull, PartialOverlap,
    WouldErase.
    """
    start, end, feed = load.interval.start, load.interval.end, load.contract.feed
    only_held = "and b.status = 'held'" if held else ""
    earlier = (
        "select b.batch_id from ledger.batch_current b where b.feed = $1::text and b.interval_start >= $2::timestamptz"
        f" and b.interval_end <= $3::timestamptz {only_held}"
    )
    if provenance.kind == "pull":
        _refuse_outdated(load, provenance)
        if not held:
            refuse_erasure(load, provenance.pull_id)
            _delete_earlier(load, earlier)
        load.write(
            f"insert into ledger.supersession (batch_id, by_batch_id) select e.batch_id, {load.batch_id} from ({earlier}) e",
            feed,
            start,
            end,
        )
    if not held:
        columns = ", ".join(load._schema.names)
        load.counts.rows_loaded = load.run(f"insert into raw.{load.entity.name} ({columns}) select {columns} from incoming")


def _refuse_outdated(load: BatchLoad, provenance: Provenance) -> None:
    """What was pulled or loaded since this pull landed, seen under the lock of the feed. Raises OutdatedPull, PartialOverlap."""
    found = load.ask(
        "select b.pull_id, b.interval_start, b.interval_end, (other.place, other.choice) > (own.place, own.choice)"
        " from ledger.batch_current b join ledger.pull_order other using (pull_id) join ledger.pull_order own"
        " on own.pull_id = $4::bigint where b.feed = $1::text and b.kind = 'pull'"
        " and b.interval_start < $3::timestamptz and b.interval_end > $2::timestamptz and ((other.place, other.choice)"
        " > (own.place, own.choice) or b.interval_start < $2::timestamptz or b.interval_end > $3::timestamptz)"
        " order by other.place desc, other.choice desc limit 1",
        load.contract.feed, load.interval.start, load.interval.end, provenance.pull_id,
    )  # fmt: skip
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


def _delete_earlier(load: BatchLoad, earlier: str) -> None:
    ids = [str(row[0]) for row in load.ask(earlier, load.contract.feed, load.interval.start, load.interval.end)]
    if not ids:
        return
    load.run(f"delete from raw.{load.entity.name} where batch_id in ({', '.join(ids)}) and feed = '{load.contract.feed}'")


def write_ledger(
    load: BatchLoad, provenance: Provenance, held: bool, note: str | None, out_of_order: Mapping[date, int] | None = None
) -> None:
    """Batch row, changed days and their quality, quarantine rows and personal values, in the batch's own transaction."""
    counts = load.counts
    load.write(
        "insert into ledger.batch (batch_id, feed, entity, kind, status, interval_start, interval_end, pull_id,"
        " run_id, contract_hash, suite_hash, rows_read, rows_loaded, rows_quarantined, rows_duplicate, note) values"
        " ($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::timestamptz, $7::timestamptz, $8::bigint, $9::text,"
        " $10::text, $11::text, $12::bigint, $13::bigint, $14::bigint, $15::bigint, $16::text)",
        load.batch_id,
        load.contract.feed,
        load.entity.name,
        provenance.kind,
        "held" if held else "loaded",
        load.interval.start,
        load.interval.end,
        provenance.pull_id,
        provenance.run_id,
        provenance.contract_hash,
        provenance.suite_hash,
        counts.rows_read,
        counts.rows_loaded,
        counts.rows_quarantined,
        counts.rows_duplicate,
        note,
    )
    _write_left_out(load)
    if not held:
        _write_days(load, out_of_order or {})
    if provenance.kind == "replay":
        _write_acts(load, provenance)
    order = ", ".join(f"'{reason}'" for reason in PRECEDENCE)
    load.run(
        "insert into quarantine.row (batch_id, feed, entity, file_id, file_sha256, position, sub_position, arrived_at,"
        f" reasons, first_reason, record, subject_id, event_date) select {load.batch_id}, '{load.contract.feed}',"
        f" '{load.entity.name}', r.file_id, f.sha256, r.position, r.sub_position, r.arrived_at, sorted.reasons, sorted.reasons[1],"
        f" r.record::jsonb, r.subject_id, (r.event_at at time zone '{load.time_zone}')::date"
        " from refused r join ledger.landing_file f using (file_id) cross join lateral"
        " (select array_agg(reason order by array_position(array[" + order + "], reason)) as reasons"
        " from unnest(string_to_array(r.reasons, ',')) as reason) sorted",
        f"insert into restricted.personal_value (value_hash, kind, value, first_batch_id) select distinct on (value_hash)"
        f" value_hash, kind, value, {load.batch_id} from personal on conflict do nothing",
    )


def _write_left_out(load: BatchLoad) -> None:
    """What the rows that were loaded lack, counted from the rows themselves, and lines that are no record."""
    for column, number in sorted(load.no_record.items()):
        load.write(f"insert into ledger.batch_left_out values ({load.batch_id}, $1::text, 'no_record', $2::bigint)", column, number)
    for name in load.entity.made_columns:
        load.run(
            f"insert into ledger.batch_left_out select {load.batch_id}, split_part(cell, ':', 1), split_part(cell, ':', 2),"
            f" count(*) from incoming i cross join unnest(string_to_array(i.{name}, ',')) as cell"
            f" where i.{name} is not null group by 2, 3"
        )


def _write_days(load: BatchLoad, out_of_order: Mapping[date, int]) -> None:
    """Accepted rows by the local day of their event: how many, how late, out of order, repeated; one look at the rows."""
    column, limit = load.entity.columns_by_name.get(load.entity.event_column), load.contract.expected.lateness_hours
    happened = load.entity.event_column
    if column is not None and column.kind == "date":
        happened = f"(({column.name} + 1)::timestamp at time zone '{load.time_zone}')"
    load.write(
        f"with day as materialized (select {_event_date(load)} as event_date, count(*) as rows,"
        f" count(*) filter (where arrived_at > {happened} + make_interval(hours => {limit})) as late,"
        f" sum(greatest(extract(epoch from arrived_at - {happened}), 0)) as delay from incoming group by 1),"
        " unordered as (select k::date as event_date, v::bigint as rows from jsonb_each_text($1::text::jsonb) as o (k, v)),"
        " again as (select event_date, count(*) as rows from repeated_day group by 1),"
        " known as (insert into ledger.batch_day (batch_id, event_date, entity, rows)"
        f" select {load.batch_id}, event_date, '{load.entity.name}', rows from day)"
        " insert into ledger.batch_quality_day (batch_id, event_date, rows_loaded, rows_late, delay_seconds,"
        f" rows_out_of_order, rows_duplicate) select {load.batch_id}, event_date, d.rows, d.late, d.delay,"
        " least(coalesce(u.rows, 0), d.rows), coalesce(a.rows, 0)"
        " from day d left join unordered u using (event_date) left join again a using (event_date)",
        json.dumps({day.isoformat(): number for day, number in out_of_order.items()}),
    )


def _write_acts(load: BatchLoad, provenance: Provenance) -> None:
    """Every replayed row gets an act; rows refused again stand open under the replay's own batch."""
    load.write(
        "insert into quarantine.act (feed, file_sha256, position, sub_position, act, batch_id, order_id, why)"
        f" select distinct $1::text, f.sha256, k.position, k.sub_position, 'replayed', {load.batch_id}, $2::bigint, $3::text"
        " from replayed k join ledger.landing_file f using (file_id)",
        load.contract.feed,
        provenance.order_id,
        provenance.why,
    )


def _event_date(load: BatchLoad) -> str:
    column = load.entity.columns_by_name.get(load.entity.event_column)
    if column is not None and column.kind == "date":
        return column.name
    return f"({load.entity.event_column} at time zone '{load.time_zone}')::date"
