"""Pull rows of a query, streamed, and land them as gzip JSON lines (a database has no bytes of its own to keep)."""

from __future__ import annotations

import json
import math
import os
import socket
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import Connection

from hearth.contracts.contract import Contract, Reconcile
from hearth.contracts.interval import Interval
from hearth.contracts.sql_source import SqlSource
from hearth.sources.delivery import Delivery, SourceError, SourceUnavailable
from hearth.sources.watch import Watch

ROWS_AT_ONCE = 10_000
BYTES_AT_ONCE = 1 << 24
"""Rows are fetched by the ten thousand, and by fewer where they are large: memory follows their bytes, not their number."""
CONNECT_IN_TIME = ("postgresql", "mysql")
"""Kinds of database whose drivers know the parameter `connect_timeout`."""
END_IN_SOURCE = """
select set_config('statement_timeout', cast(:milliseconds as text), false) from pg_settings
where name = 'statement_timeout' and (setting::bigint = 0 or setting::bigint > cast(:milliseconds as bigint))
"""
"""A source that lost us would work on; a limit of its own that is tighter stays."""
LONGEST_INTEGER = 100
"""Digits of a whole number that is kept exactly: longer than any identifier, and still finite as a float."""


def deliveries(contract: Contract, source: SqlSource, interval: Interval) -> Iterator[Delivery]:
    yield Delivery(f"{source.connection} {contract.feed}", _rows(contract.feed, source, interval), "ndjson", "gzip")


def count(contract: Contract, source: SqlSource, interval: Interval) -> tuple[Any, dict[str, Any]]:
    """(records, sums by column) that the source itself counts for the interval; the values are as it gave them."""
    asked = contract.reconcile or Reconcile()
    watch = Watch(source.limits, f"the count over {source.connection}")
    with _connected("the count", source, watch) as asking:
        quote = asking.connection.dialect.identifier_preparer.quote
        sums = "".join(f", sum({quote(name)}) as {quote(name)}" for name in asked.sums)
        query = asked.query or f"select count(*) as number{sums} from ({source.query.strip().rstrip(';')}) asked"
        row = asking.execute(query, interval).mappings().one()
        return row["number"], {name: row[name] for name in asked.sums}


class _Source:
    """A connection to the source whose statements end in time, in the source too where it is a PostgreSQL."""

    def __init__(self, connection: sa.Connection, source: SqlSource, watch: Watch) -> None:
        self.connection, self.watch = connection, watch
        self._driver: Any = connection.connection.dbapi_connection
        if connection.dialect.name == "postgresql":
            seconds = min(source.limits.statement_seconds, watch.seconds_left()) + 1  # ours ends it first, and says why
            connection.execute(sa.text(END_IN_SOURCE), {"milliseconds": round(seconds * 1000)})

    def execute(self, query: str, interval: Interval, **options: Any) -> sa.CursorResult:
        bounds = {"interval_start": interval.start, "interval_end": interval.end}
        with self.watch.ending(self.cut, "statement_seconds"):
            return self.connection.execute(sa.text(query), bounds, execution_options=options)

    def cut(self) -> None:
        """End what waits on the connection: its socket where the driver shows one, for a source that is gone hears no word."""
        if hasattr(self._driver, "fileno"):
            with socket.socket(fileno=os.dup(self._driver.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)
        else:
            self._driver.close()


@contextmanager
def _connected(subject: str, source: SqlSource, watch: Watch) -> Iterator[_Source]:
    """The source, within the limits. What the driver raises becomes SourceUnavailable or SourceError, without values of rows."""
    where = f"{subject} over {source.connection}"
    hook = Connection.get(source.connection).get_hook()
    if not isinstance(hook, DbApiHook):
        raise SourceError(f"{where}: expected an SQL connection, came {type(hook).__name__}; give it a type such as postgres")
    engine = hook.get_sqlalchemy_engine()
    if engine.dialect.name in CONNECT_IN_TIME:
        seconds = math.ceil(min(source.limits.connect_seconds, watch.seconds_left()))
        sa.event.listen(engine, "do_connect", lambda _dialect, _record, _given, named: named.update(connect_timeout=seconds))
    try:
        with engine.connect() as connection:
            made = _Source(connection, source, watch)
            with watch.ending(made.cut):
                yield made
    except sa.exc.OperationalError as error:
        raise SourceUnavailable(
            f"{where}: {_first_line(error)}. Check that the database is up; the pull can be run again."
        ) from None
    except sa.exc.ProgrammingError as error:
        raise SourceError(
            f"{where}: the source refuses the query: {_first_line(error)}. "
            "Compare source.query of the contract with the tables, columns and rights the source has now."
        ) from None
    except sa.exc.DBAPIError as error:  # the words of these quote values of rows
        raise SourceError(
            f"{where}: the query failed at a value ({type(error.orig).__name__}, SQLSTATE {getattr(error.orig, 'sqlstate', '?')}). "
            "Run source.query of the contract in the source to see the row; its values are not repeated here."
        ) from None
    finally:
        engine.dispose()


def _first_line(error: sa.exc.DBAPIError) -> str:
    """What the driver says, without the lines that follow: DETAIL may quote a row."""
    return f"{type(error.orig).__name__}: {error.orig}".splitlines()[0][:300]


def _rows(feed: str, source: SqlSource, interval: Interval) -> Iterator[bytes]:
    packer, watch = zlib.compressobj(1, zlib.DEFLATED, 31), Watch(source.limits, f"{feed} over {source.connection}")
    with _connected(feed, source, watch) as asked:
        result = asked.execute(source.query, interval, stream_results=True, max_row_buffer=ROWS_AT_ONCE)
        names = list(result.keys())
        if doubled := sorted(name for name, number in Counter(names).items() if number > 1):
            raise SourceError(
                f"{feed} over {source.connection}: column(s) {doubled} stand twice in the answer; which one is meant? "
                "Give each its own name (as ...) in source.query of the contract."
            )
        at_once = 100
        while rows := result.fetchmany(at_once):
            lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_plain) for row in rows]
            text = ("\n".join(lines) + "\n").encode()
            at_once = max(1, min(ROWS_AT_ONCE, at_once * 10, BYTES_AT_ONCE * len(rows) // len(text)))
            watch.seconds_left()
            yield watch.count(packer.compress(text))
    yield watch.count(packer.flush())


def _plain(value: Any) -> Any:
    """As JSON has it: whole decimals keep every digit (identifiers of 20 digits are no floats), others become floats."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value.adjusted() < LONGEST_INTEGER and value == value.to_integral_value()
        return int(value) if is_whole else float(value)
    return str(value)
