"""A warehouse with the real raw tables and hand-made rows, and dbt run on it in this process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
from psycopg import sql

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import Entity
from hearth.contracts.loading import find_contract
from hearth.lake import catalogue
from hearth.lake.files import Lake, write_sorted
from hearth.lake.schema import arrow_schema
from tests.support.world import WITHOUT_ARTEFACTS


class Company:
    """A heating company's raw rows. What `load` writes since the last build is what the next build is told of."""

    def __init__(self, administrator_url: str, zone: str = "Asia/Shanghai") -> None:
        self.zone = ZoneInfo(zone)
        self.connection = psycopg.connect(administrator_url, autocommit=True)
        self._changed: set[tuple[str, date]] = set()
        self._position = 0

    def at(self, day: str | date, clock: str = "00:00") -> datetime:
        """Local day and time as an instant."""
        day = date.fromisoformat(day) if isinstance(day, str) else day
        hours, minutes, *seconds = (int(part) for part in clock.split(":"))
        return datetime(day.year, day.month, day.day, hours, minutes, *seconds, tzinfo=self.zone).astimezone(UTC)

    def load(
        self,
        entity: str,
        rows: Iterable[dict[str, Any]],
        feed: str | None = None,
        asked: tuple[str | datetime, str | datetime] = ("2015-05-01", "2017-05-01"),
    ) -> int:
        """One batch of raw rows with its ledger rows; `arrived_at` defaults to an hour after the event. Returns the batch id.

        `asked`: instants, or local days at whose beginnings, where the batch's interval begins and ends.
        """
        feed = feed or f"{entity}_feed"
        definition = ENTITIES[entity]
        batch = self.one("select nextval('ledger.batch_id')")
        days: dict[date, int] = {}
        made: list[dict[str, Any]] = []
        for given in rows:
            row = {**_DEFAULTS, **given, "feed": feed, "batch_id": batch}
            event = row.get(definition.event_column) if definition.event_column != "arrived_at" else None
            row.setdefault("arrived_at", event + timedelta(hours=1) if isinstance(event, datetime) else self.at("2015-05-02"))
            self._position += 1
            row["position"] = self._position
            day = event if event is not None else row["arrived_at"]
            day = day.astimezone(self.zone).date() if isinstance(day, datetime) else day
            days[day] = days.get(day, 0) + 1
            made.append(row)
        start, end = (edge if isinstance(edge, datetime) else self.at(edge) for edge in asked)
        self._write_batch(batch, feed, entity, days, (start, end))
        if definition.in_files:
            self._write_file(definition, batch, feed, made)
        else:
            for row in made:
                self._insert(entity, row)
        self._changed |= {(entity, day) for day in days}
        return int(batch)

    def replace(self, batch: int, entity: str, rows: Iterable[dict[str, Any]], feed: str | None = None) -> int:
        """A new pull of the same interval: the old batch's rows go, the days of both have changed."""
        gone = self.rows("select event_date from ledger.batch_day where batch_id = %s", batch)
        if not ENTITIES[entity].in_files:
            self.run(f"delete from raw.{entity} where batch_id = %s", batch)
        new = self.load(entity, rows, feed)
        self.run("insert into ledger.supersession (batch_id, by_batch_id) values (%s, %s)", batch, new)
        self._changed |= {(entity, day) for (day,) in gone}
        return new

    def dbt(self, *arguments: str, full: bool = False, around: tuple[str, ...] = ()) -> None:
        """Run dbt as a build does, with the days changed since the last successful one. Readings are reduced where no models are
        selected, and before those named by `around`."""
        from hearth.transform.dbt import run_around_reductions, run_dbt

        build = self.one(
            "insert into ledger.build (run_id, definition_hash, full_refresh) values ('test', repeat('0', 64), %s)"
            " returning build_id",
            full,
        )
        for entity, day in self._changed:
            self.run("insert into ledger.build_day values (%s, %s, %s)", build, entity, day)
        told = [*(arguments or ("run",)), *WITHOUT_ARTEFACTS, *(["--full-refresh"] if full else [])]
        build_of = {"HEARTH_BUILD_ID": str(build)}
        if around or "--select" not in told:
            run_around_reductions(told, full, build=build_of, selected=around)
        else:
            run_dbt(told, build=build_of)
        self._changed = set()

    def marts(self, schemas: tuple[str, ...] = ("intermediate", "reduced", "candidate")) -> dict[str, list[tuple[str]]]:
        """Every row of every table dbt made, as text in order; int_rebuild_range and the reconciliation speak of runs."""
        tables = self.rows(
            "select schemaname || '.' || tablename from pg_tables where schemaname = any(%s) order by 1", list(schemas)
        )
        names = [name for (name,) in tables if not name.endswith(("int_rebuild_range", "int_stage_state", "source_reconciliation"))]
        return {name: self.rows(f"select t.*::text from {name} as t order by 1") for name in names}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, values or None).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        (row,) = self.rows(query, *values)
        return row[0] if len(row) == 1 else row

    def run(self, statement: str, *values: Any) -> None:
        self.connection.execute(statement, values or None)

    def empty(self) -> None:
        """Take everything out, the ledger too: a superuser can."""
        tables = self.rows(
            "select format('%%I.%%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = any(%s) and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'migration'",
            ["raw", "ledger"],
        )
        self.run("set session_replication_role = replica")
        self.run(f"truncate {', '.join(name for (name,) in tables)} cascade")
        self.run("set session_replication_role = default")

    def _insert(self, entity: str, row: dict[str, Any]) -> None:
        statement = sql.SQL("insert into raw.{} ({}) values ({})").format(
            sql.Identifier(entity),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        self.connection.execute(statement, list(row.values()))

    def _write_file(self, entity: Entity, batch: int, feed: str, rows: list[dict[str, Any]]) -> None:
        """The rows of a batch as a file of readings; a batch without rows has none."""
        if not rows:
            return
        with TemporaryDirectory() as folder:
            part = Path(folder) / "part.parquet"
            write_sorted(pa.Table.from_pylist(rows, schema=arrow_schema(entity)), part, entity.raw_key[1:])
            file = catalogue.put(Lake(), entity, feed, batch, 1, part)
        self.connection.execute(catalogue.recording(), file)

    def knows_contract(self, feed: str, **changed: Any) -> None:
        """The contract of a feed as it stands in feeds/, with what is changed of it, as a load writes it down."""
        contract = find_contract(feed).model_copy(update=changed)
        self.run(
            "insert into ledger.contract (feed, contract_hash, entity, owner, owner_contact, season_cron, lateness_hours, content)"
            " values (%s, %s, %s, 'test', 'test', '0 0 * * *', 24, %s)",
            feed, contract.content_hash, contract.entity, contract.model_dump_json(by_alias=True),
        )  # fmt: skip

    def _write_batch(self, batch: int, feed: str, entity: str, days: dict[date, int], asked: tuple[datetime, datetime]) -> None:
        count = sum(days.values())
        pull = self.one(
            "insert into ledger.pull (feed, interval_start, interval_end, run_id, source_address, manifest, files, size_bytes)"
            " values (%s, %s, %s, 'test', 'test', 'test', 0, 0) returning pull_id",
            feed, *asked,
        )  # fmt: skip
        self.run(
            "insert into ledger.batch (batch_id, feed, entity, kind, status, interval_start, interval_end, pull_id, run_id,"
            " contract_hash, suite_hash, rows_read, rows_loaded, rows_quarantined, rows_duplicate)"
            " values (%s, %s, %s, 'pull', 'loaded', %s, %s, %s, 'test', repeat('0', 64), repeat('0', 64), %s, %s, 0, 0)",
            batch, feed, entity, *asked, pull, count, count,
        )  # fmt: skip
        for day, rows in days.items():
            self.run("insert into ledger.batch_day values (%s, %s, %s, %s)", batch, entity, day, rows)


_DEFAULTS = {"file_id": 1, "sub_position": 0, "source_version": 0}


def differing(left: dict[str, list], right: dict[str, list]) -> dict[str, tuple[list, list]]:
    return {
        name: (sorted(set(left[name]) - set(right[name]))[:3], sorted(set(right[name]) - set(left[name]))[:3])
        for name in left
        if left[name] != right[name]
    }
