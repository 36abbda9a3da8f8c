"""Pull rows of a query, streamed, and land them as gzip JSON lines (a database has no bytes of its own to keep)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import Connection

from hearth.contracts.contract import Contract, Reconcile, SqlSource
from hearth.sources.delivery import Delivery, Interval, SourceError, SourceUnavailable

ROWS_AT_ONCE = 10_000
LONGEST_INTEGER = 100
"""Digits of a whole number that is kept exactly: longer than any identifier, and still finite as a float."""


def deliveries(contract: Contract, source: SqlSource, interval: Interval) -> Iterator[Delivery]:
    yield Delivery(f"{source.connection} {contract.feed}", _rows(contract.feed, source, interval), "ndjson", "gzip")


def count(source: SqlSource, asked: Reconcile, interval: Interval) -> tuple[Any, dict[str, Any]]:
    """(records, sums by column) that the source itself counts for the interval; the values are as it gave them."""
    with _connected("the count", source) as connection:
        quote = connection.dialect.identifier_preparer.quote
        sums = "".join(f", sum({quote(name)}) as {quote(name)}" for name in asked.sums)
        query = asked.query or f"select count(*) as number{sums} from ({source.query.strip().rstrip(';')}) asked"
        bounds = {"interval_start": interval.start, "interval_end": interval.end}
        row = connection.execute(sa.text(query), bounds).mappings().one()
        return row["number"], {name: row[name] for name in asked.sums}


@contextmanager
def _connected(subject: str, source: SqlSource) -> Iterator[sa.Connection]:
    """A connection to the source. What the driver raises becomes SourceUnavailable or SourceError, without values of rows."""
    where = f"{subject} over {source.connection}"
    hook = Connection.get(source.connection).get_hook()
    if not isinstance(hook, DbApiHook):
        raise SourceError(f"{where}: expected an SQL connection, came {type(hook).__name__}; give it a type such as postgres")
    engine = hook.get_sqlalchemy_engine()
    try:
        with engine.connect() as connection:
            yield connection
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
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    with _connected(feed, source) as connection:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE)
        result = streamed.execute(sa.text(source.query), {"interval_start": interval.start, "interval_end": interval.end})
        names = list(result.keys())
        for rows in result.partitions(ROWS_AT_ONCE):
            lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_plain) for row in rows)
            yield packer.compress(("\n".join(lines) + "\n").encode())
    yield packer.flush()


def _plain(value: Any) -> Any:
    """As JSON has it: whole decimals keep every digit (identifiers of 20 digits are no floats), others become floats."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value.adjusted() < LONGEST_INTEGER and value == value.to_integral_value()
        return int(value) if is_whole else float(value)
    return str(value)
