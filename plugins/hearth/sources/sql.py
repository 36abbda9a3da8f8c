"""Pull rows of a query, streamed, and land them as gzip JSON lines (a database has no bytes of its own to keep)."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hearth.contracts.asked_times import epoch, on_the_wall
from hearth.contracts.contract import Contract, Reconcile
from hearth.contracts.interval import Interval
from hearth.contracts.sql_source import SqlSource
from hearth.sources.database import Clocks, Database
from hearth.sources.databases import database
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable
from hearth.sources.sql_values import NoText, plain
from hearth.sources.watch import Watch

ROWS_AT_ONCE = 10_000
BYTES_AT_ONCE = 1 << 24
"""Rows are fetched by the ten thousand, and by fewer where they are large: memory follows their bytes, not their number."""


def deliveries(contract: Contract, source: SqlSource, interval: Interval) -> Iterator[Delivery]:
    yield Delivery(f"{source.connection} {contract.feed}", _rows(contract, source, interval), "ndjson", "gzip")


def count(contract: Contract, source: SqlSource, interval: Interval) -> tuple[Any, dict[str, Any]]:
    """(records, sums by column) that the source itself counts for the interval; the values are as it gave them."""
    asked = contract.reconcile or Reconcile()
    watch = Watch(source.limits, f"the count over {source.connection}")
    with _connected(contract, source, interval, watch) as asking:
        quote = asking.connection.dialect.identifier_preparer.quote
        sums = "".join(f", sum({quote(name)}) as {quote(name)}" for name in asked.sums)
        counted = f"select count(*) as {quote('number')}{sums} from ({source.query.strip().rstrip(';')}) asked"
        row = asking.execute(asked.query or counted).mappings().one()
        return row["number"], {name: row[name] for name in asked.sums}


class _Source:
    """A connection to the source whose statements end in time, in the source too."""

    def __init__(self, connection: sa.Connection, reached: Database, bounds: dict[str, Any], watch: Watch) -> None:
        self.connection, self.reached, self.watch, self._bounds = connection, reached, watch, bounds
        self._driver: Any = connection.connection.dbapi_connection

    def execute(self, query: str, **options: Any) -> sa.CursorResult:
        with self.watch.ending(self.cut, "statement_seconds"):
            result = self.connection.execute(sa.text(query), self._bounds, execution_options=options)
        if told := self.reached.changed(result.cursor.description if result.cursor else ()):
            raise SourceError(f"{self.watch.where}: {told}.")
        return result

    def cut(self) -> None:
        self.reached.cut(self._driver)

    def leave(self) -> None:
        self.reached.leave(self.connection, self._driver)


@contextmanager
def _connected(contract: Contract, source: SqlSource, interval: Interval, watch: Watch) -> Iterator[_Source]:
    """The source, within the limits. What the driver raises becomes SourceUnavailable or SourceError, without values of rows."""
    reached = database(source.connection)
    bounds = _bounds(contract, source, interval, reached)
    left = watch.seconds_left()
    statement_seconds = min(source.limits.statement_seconds, left) + 1  # ours ends it first, and says why
    engine = reached.engine(min(source.limits.connect_seconds, left), statement_seconds)
    try:
        with _opened(engine, reached, watch) as connection:
            made = _Source(connection, reached, bounds, watch)
            try:
                with watch.ending(made.cut):
                    reached.begin(connection, Clocks(contract.time_zone, interval.start.year), statement_seconds)
                    yield made
            except BaseException:
                made.leave()
                raise
    except sa.exc.DBAPIError as error:
        raise _told(reached, error, watch.where) from None
    finally:
        engine.dispose()


@contextmanager
def _opened(engine: sa.Engine, reached: Database, watch: Watch) -> Iterator[sa.Connection]:
    try:
        connection = engine.connect()
    except TimeoutError:
        raise SourceUnavailable(watch.told("connect_seconds", "the database took the connection and said nothing")) from None
    except sa.exc.DBAPIError as error:
        told = _not_let_in if reached.fault(error) == "login" else _away
        raise told(watch.where, _words(reached, error)) from None
    with connection:
        yield connection


def _bounds(contract: Contract, source: SqlSource, interval: Interval, reached: Database) -> dict[str, Any]:
    """The interval as the query's parameters. Raises SourceError where the driver would change their meaning."""
    form, edges = source.interval.as_, (interval.start, interval.end)
    if form == "local":
        told: tuple[Any, ...] = on_the_wall(interval, ZoneInfo(contract.time_zone))
    elif form == "instant":
        told = tuple(map(reached.instant, edges))
    else:
        told = tuple(epoch(edge, form) for edge in edges)
    if None in told:
        raise SourceError(
            f"{contract.feed} over {source.connection}: {reached.name} is asked for times without an offset, and its driver would"
            " drop that of an instant without a word. Write source.interval: {as: local} in the contract, for clock times of its"
            " time_zone, or as: epoch_s or epoch_ms for columns of numbers."
        )
    return dict(zip(("interval_start", "interval_end"), told, strict=True))


def _told(reached: Database, error: sa.exc.DBAPIError, where: str) -> SourceError:
    """What went wrong, without values of rows: the words about a value quote it, and lines that follow the first one may."""
    fault, said = reached.fault(error), _words(reached, error)
    if fault == "away":
        return _away(where, said)
    if fault == "login":
        return _not_let_in(where, said)
    if fault == "refused":
        return SourceError(
            f"{where}: the source refuses the query: {_first_line(said)}. "
            "Compare source.query of the contract with the tables, columns and rights the source has now."
        )
    return SourceError(
        f"{where}: the query failed at a value ({type(error.orig).__name__}, {reached.code(error.orig)}). "
        "Run source.query of the contract in the source to see the row; its values are not repeated here."
    )


def _not_let_in(where: str, said: str) -> SourceError:
    return SourceError(
        f"{where}: the source refuses the login: {_first_line(said)}. Check login and password of the connection, and what they may"
        " reach; it is not tried again, for that locks accounts."
    )


def _away(where: str, said: str) -> SourceUnavailable:
    return SourceUnavailable(f"{where}: {_first_line(said)}. Check that the database is up; the pull can be run again.")


def _words(reached: Database, error: sa.exc.DBAPIError) -> str:
    return f"{type(error.orig).__name__}: {reached.said(error.orig)}"


def _first_line(said: str) -> str:
    return next(iter(said.splitlines()), "")[:300]


def _rows(contract: Contract, source: SqlSource, interval: Interval) -> Iterator[bytes]:
    where = f"{contract.feed} over {source.connection}"
    packer, watch = zlib.compressobj(1, zlib.DEFLATED, 31), Watch(source.limits, where)
    with _connected(contract, source, interval, watch) as asked:
        result = asked.execute(source.query, stream_results=True, max_row_buffer=ROWS_AT_ONCE)
        names = list(result.keys())
        if doubled := sorted(name for name, number in Counter(names).items() if number > 1):
            raise SourceError(
                f"{where}: column(s) {doubled} stand twice in the answer; which one is meant? "
                "Give each its own name (as ...) in source.query of the contract."
            )
        at_once = 100
        while rows := result.fetchmany(at_once):
            text = _lines(names, rows, where)
            at_once = max(1, min(ROWS_AT_ONCE, at_once * 10, BYTES_AT_ONCE * len(rows) // len(text)))
            watch.seconds_left()
            yield watch.count(packer.compress(text))
    yield watch.count(packer.flush())


def _lines(names: list[str], rows: Any, where: str) -> bytes:
    """JSON lines. Raises SourceError for a column of a kind that no JSON has."""
    try:
        lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=plain) for row in rows]
    except NoText as kind:
        raise SourceError(
            f"{where}: a column is of a kind that has no text ({kind}); make one of it in source.query of the contract"
        ) from None
    return ("\n".join(lines) + "\n").encode()
