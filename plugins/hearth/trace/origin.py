"""From the rows a figure is made of to raw, batches, landing files and the records in them: the same for every KPI.

Starts from the temporary table `traced` (feed, batch_id, file_id, position, sub_position) of the rows staging picked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from psycopg.rows import tuple_row

from hearth.contracts.entities import ENTITIES
from hearth.trace.steps import Step

SHOWN_FILES = 40
"""So many files are listed, those with most rows first; all are counted."""


@dataclass(frozen=True)
class Raw:
    """What stands of the traced rows where they live: rows found, all deliveries of their keys, and how many keys."""

    table: str
    picked: int
    deliveries: int
    keys: int


def origin(
    connection: psycopg.Connection, entity: str, used: int, key: Sequence[str] | None = None, raw: Raw | None = None
) -> list[Step]:
    """Steps raw, batches, files; `used` is the number of rows the step before counted, `key` what staging picks one row of; `raw`:
    of readings, which stand in no table."""
    connection.execute("analyze traced")
    names = key or ENTITIES[entity].natural_key
    return [
        _raw(raw or _of_table(connection, entity, names), used, names),
        _batches(connection, used),
        *_left_out(connection),
        _files(connection, used),
    ]


def _of_table(connection: psycopg.Connection, entity: str, key: Sequence[str]) -> Raw:
    same = " and ".join(f"r.{name} = k.{name}" for name in key)
    connection.execute(
        f"create temp table picked_key on commit drop as select {', '.join(f'r.{name}' for name in key)}, count(*) as picked"
        f" from raw.{entity} r join traced t using (feed, batch_id, file_id, position, sub_position) group by {', '.join(key)}"
    )
    connection.execute("analyze picked_key")
    picked, keys = _one(connection, "select coalesce(sum(picked), 0)::bigint, count(*) from picked_key")
    (deliveries,) = _one(connection, f"select count(*) from raw.{entity} r join picked_key k on {same}")
    return Raw(f"raw.{entity}", picked, deliveries, keys)


def _raw(raw: Raw, used: int, key: Sequence[str]) -> Step:
    step = Step(
        "Accepted rows 入库记录",
        raw.table,
        f"Every delivery of the same ({', '.join(key)}) stands there; the highest source version is picked, then the latest.",
        {"picked": raw.picked, "deliveries": raw.deliveries, "repeated or corrected": raw.deliveries - raw.keys},
    )
    step.check("rows found in raw = rows used", raw.picked, used)
    step.check("one row is picked of each key", raw.keys, used)
    return step


def _batches(connection: psycopg.Connection, used: int) -> Step:
    rows = connection.execute(
        "select b.feed, b.batch_id, b.kind, b.interval_start, b.interval_end, t.used, b.rows_read, b.rows_loaded,"
        " b.rows_quarantined, b.rows_duplicate, b.contract_hash, b.suite_hash, s.by_batch_id"
        " from (select batch_id, count(*) as used from traced group by batch_id) t join ledger.batch b using (batch_id)"
        " left join ledger.supersession s using (batch_id) order by t.used desc, b.batch_id"
    ).fetchall()
    step = Step(
        "Batches 批次",
        "ledger.batch",
        "Each pull or replay, with what it read, loaded, refused and knew already; contract and suite by their sha256.",
        {"batches": len(rows), "rows used": sum(r[5] for r in rows)},
        header=(
            "feed",
            "batch",
            "kind",
            "from",
            "to",
            "used here",
            "read",
            "loaded",
            "quarantined",
            "duplicate",
            "contract",
            "suite",
        ),
        rows=[(*r[:10], r[10][:12], r[11][:12]) for r in rows],
    )
    step.check("rows used, summed over batches", sum(r[5] for r in rows), used)
    step.check("read = loaded + quarantined + duplicate", sum(r[6] for r in rows), sum(r[7] + r[8] + r[9] for r in rows))
    step.check("batches that use more rows than they loaded", sum(r[5] > r[7] for r in rows), 0)
    step.check("batches a later pull has replaced", sum(r[12] is not None for r in rows), 0)
    return step


def _left_out(connection: psycopg.Connection) -> list[Step]:
    """Channels that are null in rows of these batches because they could not be used, and lines that are no record; if any."""
    rows = connection.execute(
        "select b.feed, o.batch_id, o.column_name, o.reason, o.number"
        " from ledger.batch_left_out o join ledger.batch b using (batch_id)"
        " where o.batch_id in (select batch_id from traced) order by o.number desc, o.batch_id, o.column_name, o.reason"
    ).fetchall()
    step = Step(
        "Left out 未采用: values and lines in no row",
        "ledger.batch_left_out",
        "Of accepted rows the channels that could not be used (null in raw), by column and reason; lines that are no record.",
        {"values and lines": sum(r[4] for r in rows)},
        header=("feed", "batch", "column", "reason", "number"),
        rows=[tuple(r) for r in rows[:SHOWN_FILES]],
    )
    return [step] if rows else []


def _files(connection: psycopg.Connection, used: int) -> Step:
    rows = connection.execute(
        "select f.feed, f.file_id, f.source_name, p.source_address, f.delivered_at, f.size_bytes, f.sha256, t.used, f.stored_as"
        " from (select file_id, count(*) as used from traced group by file_id) t join ledger.landing_file f using (file_id)"
        " join ledger.pull p using (pull_id) order by t.used desc, f.file_id"
    ).fetchall()
    step = Step(
        "Landing files 落地文件 and their sources",
        "ledger.landing_file",
        "The bytes as they came, with the address of the source; the file's name in the landing store is its sha256.",
        {"files": len(rows), "rows used": sum(r[7] for r in rows)},
        header=("feed", "file", "name there", "source", "delivered", "bytes", "sha256", "used here", "stored as"),
        rows=[tuple(r) for r in rows[:SHOWN_FILES]],
    )
    step.check("rows used, summed over files", sum(r[7] for r in rows), used)
    return step


def sampled(connection: psycopg.Connection, number: int) -> list[tuple[str, int, int, int, int]]:
    """(feed, pull_id, file_id, position, sub_position) of some rows, the same ones each time."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(
            "select t.feed, f.pull_id, t.file_id, t.position, t.sub_position from traced t"
            " join ledger.landing_file f using (file_id)"
            " order by md5(concat_ws('.', f.sha256, t.position, t.sub_position)) limit %s",
            (number,),
        ).fetchall()


def records(chosen: Iterable[tuple[str, int, int, int, int]]) -> Step:
    """The chosen rows as they lie in their landing files, read by today's contract; personal values as keyed hashes.

    Needs the landing store and the pseudonym key. Raises ValueError when a landing file was changed.
    """
    step = Step(
        "Records in the landing files 原始记录",
        "landing store",
        "Read again from the file, whose sha256 is checked on the way; personal values stand as their keyed hashes.",
        header=("feed", "file", "name at the source", "record", "as it came"),
    )
    wanted: dict[tuple[str, int], dict[int, set[tuple[int, int]]]] = {}
    for feed, pull_id, file_id, position, sub_position in chosen:
        wanted.setdefault((feed, pull_id), {}).setdefault(file_id, set()).add((position, sub_position))
    for (feed, pull_id), places in wanted.items():
        step.rows += _read(feed, pull_id, places)
    asked = sum(len(rows) for places in wanted.values() for rows in places.values())
    step.figures = {"records read": len(step.rows)}
    step.check("records found in the landing files", len(step.rows), asked)
    return step


def _read(feed: str, pull_id: int, places: dict[int, set[tuple[int, int]]]) -> list[tuple[Any, ...]]:
    from hearth.cleaning.measures import by_key
    from hearth.cleaning.pseudonym import Pseudonyms
    from hearth.cleaning.reading import read_records
    from hearth.cleaning.rows import clean, masked_records
    from hearth.contracts.loading import find_contract
    from hearth.intake import take_in
    from hearth.landing.store import LandingStore
    from hearth.warehouse import ledger

    contract, pull, store, found = find_contract(feed), ledger.find_pull(pull_id, "auditor"), LandingStore(), []
    for file, stored_as in take_in.landed_files(contract, pull, store):
        left = set(places.get(file.file_id, ()))
        if not left:
            continue
        with store.open(stored_as, file.sha256) as stream:
            for some in by_key(contract, read_records(contract, file, stream)):
                if not np.isin([position for position, _ in left], some.position).any():
                    continue
                pseudonyms = Pseudonyms()
                rows = clean(contract, some, pseudonyms)
                own = list(zip(rows.frame["position"].tolist(), rows.frame["sub_position"].tolist(), strict=True))
                at = np.array([i for i, place in enumerate(own) if place in left])
                for i, text in zip(at, masked_records(contract, rows, at, pseudonyms), strict=True):
                    found.append((feed, file.file_id, file.name, f"{own[i][0]}.{own[i][1]}", text))
                    left.discard(own[i])
                if not left:
                    break
    return found


def refused(connection: psycopg.Connection, entity: str, since: Any, until: Any, subjects: str = "true", **values: Any) -> Step:
    """What was refused of the same days and is in no figure, by reason and by what became of it."""
    rows = connection.execute(
        "select first_reason, state, count(*) from quarantine.row_state"
        f" where entity = %(entity)s and event_date between %(since)s and %(until)s and {subjects}"
        " group by 1, 2 order by 3 desc",
        {"entity": entity, "since": since, "until": until, **values},
    ).fetchall()
    return Step(
        "Refused rows 隔离记录: not in the number",
        "quarantine.row",
        "Rows of the same days that were refused; those replayed are counted above, by the batch of their replay.",
        {"refused": sum(r[2] for r in rows)},
        header=("first reason", "state", "rows"),
        rows=[tuple(r) for r in rows],
    )


def _one(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
