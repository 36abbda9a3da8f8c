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

from hearth.contracts.contract import Contract, SqlSource
from hearth.sources.delivery import Delivery, Interval, SourceUnavailable

ROWS_AT_ONCE = 10_000


def deliveries(contract: Contract, source: SqlSource, interval: Interval) -> Iterator[Delivery]:
    yield Delivery(f"{source.connection} {contract.feed}", _rows(source, interval), "ndjson", "gzip")


def _rows(source: SqlSource, interval: Interval) -> Iterator[bytes]:
    hook = Connection.get(source.connection).get_hook()
    if not isinstance(hook, DbApiHook):
        raise TypeError(f"connection {source.connection} is not an SQL connection; give it a type such as postgres")
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    try:
        engine = hook.get_sqlalchemy_engine()
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
