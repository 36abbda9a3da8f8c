"""Files of a feed's small batches are written again as those of a day: a season then costs what its rows cost, not its files.

A batch that is merged is still a batch of its own: its rows keep it, their file and their position, and can be left out when it
gives way. Nothing is deleted here; files that count no more go by the rule of retention, when no reader has them open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.dated.dated_rows import place_time_zone
from hearth.dated.limits import health_limits
from hearth.lake import catalogue, holding
from hearth.lake.catalogue import SQL, ReadingFile, Sums
from hearth.lake.engine import engine, rows_of
from hearth.lake.errors import NotOurs
from hearth.lake.files import PART_BYTES, PART_ROWS, Lake, write_sorted
from hearth.lake.schema import arrow_schema
from hearth.warehouse.connections import connect

WHERE_IT_CAME = ("batch_id", "file_id", "position", "sub_position")
"""Orders rows of one key, so that a merge of the same rows gives the same bytes."""
ROWS_A_STEP = 1 << 17


class NotMerged(RuntimeError):
    """A day whose files stay as they are, and why."""


@dataclass(frozen=True)
class Day:
    """What is merged at once: the batches of a feed whose intervals lie in a local day."""

    entity: str
    feed: str
    local_date: date
    batch_ids: list[int]

    def __str__(self) -> str:
        return f"{self.entity} of {self.feed}, {self.local_date}"


@dataclass
class Done:
    """What a run did; `failures`: days that stay as they were, a line each."""

    days: int = 0
    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    failures: list[str] = field(default_factory=list)


def days_to_merge(connection: psycopg.Connection, now: datetime, feed: str | None = None) -> list[Day]:
    """Days of settled batches (`merge_after_days` of health_limit) that lie in more files than they need."""
    asked = {
        "zone": place_time_zone(),
        "before": now - timedelta(days=health_limits(now.date())["merge_after_days"]),
        "feed": feed,
        "rows_a_file": PART_ROWS,
    }
    return [Day(*row) for row in connection.execute(SQL["days_to_merge"], asked)]


def merge(run_id: str, now: datetime, role: str, tell: Callable[[str], Any], feed: str | None = None) -> Done:
    """Merge what is to be merged, each day an act of its own; one run at a time, a second one waits and finds it done.

    Raises NotMerged when it waited in vain.
    """
    lake, done = Lake(), Done()
    with closing(connect(role)) as connection:
        connection.autocommit = True
        try:
            connection.execute("select pg_advisory_lock(hashtext('hearth.merge'))")
        except psycopg.errors.LockNotAvailable as error:
            raise NotMerged(
                "another merge is at work and did not end; nothing was merged here. Try again when it has ended"
            ) from error
        for day in days_to_merge(connection, now, feed):
            try:
                before, after = _merge_day(connection, lake, day, run_id)
            except (NotMerged, NotOurs) as error:
                done.failures.append(f"{day}: {error}")
                tell(f"{day}: not merged")
                continue
            rows = sum(file.rows for file in after)
            done.days, done.rows = done.days + 1, done.rows + rows
            done.files_before, done.files_after = done.files_before + len(before), done.files_after + len(after)
            tell(f"{day}: {len(before)} files are {len(after)}, {rows:,} readings")
    return done


def _merge_day(connection: psycopg.Connection, lake: Lake, day: Day, run_id: str) -> tuple[list[ReadingFile], list[ReadingFile]]:
    """The files of before and those written. Raises NotMerged with everything as it was."""
    before = catalogue.lying(connection, day.batch_ids)
    _refuse_changed(lake, before)
    row = connection.execute("select nextval('ledger.merge_id')").fetchone()
    assert row is not None
    written = _write(lake, ENTITIES[day.entity], before, day, int(row[0]))
    found = _found(lake, written)
    if wrong := _differing(catalogue.kept(connection, day.batch_ids), found):
        for file in written:
            (lake.root / file["path"]).unlink(missing_ok=True)
        raise NotMerged(
            f"the merged rows are not those the ledger says were loaded: {wrong}. The files of before still count. `hearth"
            " reconcile` names what differs; bring it back from a copy, or load its pull anew (docs/runbook.md)"
        )
    act = {
        "merge_id": int(row[0]), "entity": day.entity, "feed": day.feed, "local_date": day.local_date, "run_id": run_id,
        "from_files": [file.path for file in before],
    }  # fmt: skip
    with connection.transaction():
        connection.execute(SQL["reading_merge"], act)
        with connection.cursor() as cursor:
            cursor.executemany(SQL["merged_file"], written)
            batches = [{"batch_id": batch, "rows": rows, "content": str(content)} for batch, (rows, content) in found.items()]
            cursor.executemany(SQL["merged_batch"], [{"merge_id": act["merge_id"], **batch} for batch in batches])
    return before, [ReadingFile(file["path"], file["sha256"], file["rows"]) for file in written]


def _refuse_changed(lake: Lake, files: list[ReadingFile]) -> None:
    """Raises NotMerged for a file that is gone or is not what was written."""
    for file in files:
        try:
            lake.open(file.path, file.sha256).close()
        except FileNotFoundError as error:
            raise NotMerged(f"{file.path} is gone. Bring it back from a copy; {lake.damaged}") from error
        except ValueError as error:
            raise NotMerged(str(error)) from error


def _write(lake: Lake, entity: Entity, files: list[ReadingFile], day: Day, merge_id: int) -> list[dict[str, Any]]:
    """The new files, in the lake; a row of ledger.merged_file each."""
    written = []
    with TemporaryDirectory(prefix="hearth-merge-") as folder:
        for part, rows in enumerate(_parts(lake, entity, files, day.batch_ids), 1):
            path, name = Path(folder) / f"{part}.parquet", f"{day.entity}/{day.feed}/day-{day.local_date}-{merge_id}-{part}.parquet"
            write_sorted(rows, path, _order(entity))
            sha256, size = lake.put(path, name)
            path.unlink()
            event = pc.min_max(rows[entity.event_column]).as_py()
            written.append(
                {
                    "merge_id": merge_id, "part": part, "path": name, "sha256": sha256, "size_bytes": size, "rows": len(rows),
                    "event_from": event["min"], "event_to": event["max"],
                }
            )  # fmt: skip
    return written


def _order(entity: Entity) -> list[str]:
    return [*entity.raw_key[1:], *WHERE_IT_CAME]


def _parts(lake: Lake, entity: Entity, files: list[ReadingFile], batch_ids: list[int]) -> Iterator[pa.Table]:
    """The rows of these batches in order, so many at a time as make one file."""
    known = arrow_schema(entity)
    order = ", ".join(f'"{name}"' for name in _order(entity))
    with engine() as database:
        query = f"select * from ({rows_of(database, entity, files, lake)}) where batch_id in ({', '.join(map(str, batch_ids))})"
        reader = database.sql(f"{query} order by {order}").to_arrow_reader(ROWS_A_STEP)
        # A column that the entity has no more stays in the files that have it.
        schema = pa.schema([*known, *(column for column in reader.schema if column.name not in known.names)])
        waiting: list[pa.Table] = []
        for batch in reader:
            waiting.append(pa.Table.from_batches([batch]).select(schema.names).cast(schema))
            if sum(map(len, waiting)) + ROWS_A_STEP > PART_ROWS or sum(rows.nbytes for rows in waiting) >= PART_BYTES:
                yield pa.concat_tables(waiting)
                waiting = []
        if waiting:
            yield pa.concat_tables(waiting)


def _found(lake: Lake, written: list[dict[str, Any]]) -> Sums:
    """What the files that were written hold of each batch, read again from where they lie."""
    found: Sums = {}
    for file in written:
        with lake.open(file["path"], file["sha256"]) as stream:
            for batch, (rows, content) in holding.sums(stream).items():
                holding.add(found, batch, rows, content)
    return found


def _differing(kept: Sums, found: Sums) -> str:
    """The batches that are not what they were, in words."""
    wrong = [batch for batch in sorted(kept.keys() | found.keys()) if kept.get(batch) != found.get(batch)]
    told = [
        f"batch {batch}: {kept.get(batch, (0, 0))[0]} rows loaded, {found.get(batch, (0, 0))[0]} found"
        + (", altered" if kept.get(batch, (0,))[0] == found.get(batch, (0,))[0] else "")
        for batch in wrong[:3]
    ]
    return "; ".join([*told, *([f"and {len(wrong) - 3} more"] if len(wrong) > 3 else [])])
