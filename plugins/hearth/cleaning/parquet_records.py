"""Rows of a Parquet file become records: numbers as they are, times as ISO texts, in bounded memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.bounded import too_much
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.records import LandedFile, Records, require_columns
from hearth.contracts.contract import Contract
from hearth.contracts.file_format import ParquetFormat

ROWS_AT_ONCE = 100_000


def read_parquet(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    """A time without zone is on the clocks of the contract, as a text without offset is. Raises UnreadableFile."""
    import pyarrow.parquet as pq

    form = contract.format
    assert isinstance(form, ParquetFormat)
    try:
        source = pq.ParquetFile(stream if stream.seekable() else _laid_down(stream))
        _refuse_oversized(file, source, form)
        require_columns(contract, file, set(source.schema_arrow.names))
        wanted = [name for name in contract.source_columns if name in source.schema_arrow.names]
        for batch in source.iter_batches(ROWS_AT_ONCE, columns=wanted):
            columns = {name: _plain(file, name, batch.column(name)) for name in wanted}
            frame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
            yield Records.of(file, frame, first, np.zeros(len(frame), np.int32), batch.nbytes)
            first += len(frame)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise UnreadableFile(f"{file.name}: not a readable Parquet file: {str(error).splitlines()[0][:300]}.") from error


def _laid_down(stream: IO[bytes]) -> IO[bytes]:
    """What comes out of an archive can be read forward only, and a Parquet file begins at its end."""
    target = TemporaryFile()  # noqa: SIM115 - the file goes with its last reader
    shutil.copyfileobj(stream, target)
    target.seek(0)
    return target


def _refuse_oversized(file: LandedFile, source: object, form: ParquetFormat) -> None:
    """By what the file says of itself; what it says falsely shows when a group is read, which is of bounded size."""
    facts = source.metadata  # type: ignore[attr-defined]
    groups = [facts.row_group(at).total_byte_size for at in range(facts.num_row_groups)]
    if facts.num_columns > form.limits.columns:
        raise too_much(file.name, form.limits, "columns", f"it has {facts.num_columns} columns")
    if sum(groups) > form.limits.unpacked_bytes:
        raise too_much(file.name, form.limits, "unpacked_bytes", f"it says it holds {sum(groups)} bytes")


def _plain(file: LandedFile, name: str, column: pa.Array) -> pa.Array:
    """Texts, numbers and truths stay; a time becomes ISO 8601, with its offset where it has one; decimals keep every digit."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(file, name, column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        utc = column.cast(pa.timestamp("us", "UTC") if kind.tz else pa.timestamp("us"), safe=False)
        return pc.strftime(utc, "%Y-%m-%dT%H:%M:%S" + ("Z" if kind.tz else ""), locale="C")
    if pa.types.is_date(kind) or pa.types.is_decimal(kind) or pa.types.is_time(kind):
        return column.cast(pa.string())
    is_plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    if not is_plain and not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise UnreadableFile(
            f"{file.name}: column {name!r} is of type {kind}, which is no text, number or time. Ask the sender for plain columns."
        )
    return column
