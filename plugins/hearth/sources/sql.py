"""Pull rows of a query, streamed, and land them as gzip JSON lines (a database has no bytes of its own to keep)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import Connection

from hearth.contracts.contract import Contract, Reconcile, SqlSource
from hearth.sources.delivery import Delivery, Interval, SourceUnavailable

ROWS_AT_ONCE = 10_000


def deliveries(contract: Contract, source: SqlSource, interval: Interval) -> Iterator[Delivery]:
    yield Delivery(f"{source.connection} {contract.feed}", _rows(source, interval), "ndjson", "gzip")


def count(source: SqlSource, asked: Reconcile, interval: Interval) -> tuple[Any, dict[str, Any]]:
    """(records, sums by column) that the source itself counts for the interval; the values are as it gave them."""
    engine = _engine(source)
    quote = engine.dialect.identifier_preparer.quote
    sums = "".join(f", sum({quote(name)}) as {quote(name)}" for name in asked.sums)
    query = asked.query or f"select count(*) as number{sums} from ({source.query.strip().rstrip(';')}) asked"
    with engine.connect() as connection:
        row = connection.execute(sa.text(query), {"interval_start": interval.start, "interval_end": interval.end}).mappings().one()
    engine.dispose()
    return row["number"], {name: row[name] for name in asked.sums}


def _engine(source: SqlSource) -> sa.Engine:
    hook = Connection.get(source.connection).get_hook()
    if not isinstance(hook, DbApiHook):
        raise TypeError(f"connection {source.connection} is not an SQL connection; give it a type such as postgres")
    return hook.get_sqlalchemy_engine()


def _rows(source: SqlSource, interval: Interval) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    try:
        engine = _engine(source)
        with engine.connect().execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE) as connection:
            result = connection.execute(sa.text(source.query), {"interval_start": interval.start, "interval_end": interval.end})
            names = list(result.keys())
            for rows in result.partitions(ROWS_AT_ONCE):
                lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_plain) for row in rows)
                yield packer.compress(("\n".join(lines) + "\n").encode())
        engine.dispose()
    except sa.exc.OperationalError as error:
        raise SourceUnavailable(f"{source.connection}: {error.orig}") from error
    yield packer.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)
