"""Rows of a Parquet file become records: numbers as they are, times as ISO texts, in bounded memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from tempfile import TemporaryFile
from typing import IO, Any

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
BYTES_AT_ONCE = 16 << 20


def read_parquet(contract: Contract, file: LandedFile, stream: IO[bytes], first: int = 1) -> Iterator[Records]:
    """A time without zone is on the clocks of the contract, as a text without offset is. Raises UnreadableFile."""
    form = contract.format
    assert isinstance(form, ParquetFormat)
    try:
        source = _opened(stream if stream.seekable() else _laid_down(stream))
        _refuse_oversized(file, source, form)
        require_columns(contract, file, set(source.schema_arrow.names))
        wanted = [name for name in contract.source_columns if name in source.schema_arrow.names]
        for batch in source.iter_batches(ROWS_AT_ONCE, columns=wanted):
            for part in _parts(file, batch, form):
                columns = {name: _plain(file, name, part.column(name)) for name in wanted}
                frame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
                yield Records.of(file, frame, first, np.zeros(len(frame), np.int32), part.nbytes)
                first += len(frame)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise UnreadableFile(f"{file.name}: not a readable Parquet file: {str(error).splitlines()[0][:300]}.") from error


def _opened(stream: IO[bytes]) -> Any:
    """Its texts are kept as what they are packed into, a value once for all its rows: a small file may hold a long text a million
    times."""
    import pyarrow.parquet as pq

    texts = [f.name for f in pq.read_schema(stream) if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    stream.seek(0)
    return pq.ParquetFile(stream, read_dictionary=texts)


def _parts(file: LandedFile, batch: pa.RecordBatch, form: ParquetFormat) -> Iterator[pa.RecordBatch]:
    """The rows in parts that take some megabytes once each has its texts. Raises UnreadableFile for a text that is too long."""
    taken = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            lengths = pc.fill_null(pc.binary_length(column.dictionary), 0)
            if len(lengths) and pc.max(lengths).as_py() > form.limits.line_bytes:
                raise too_much(file.name, form.limits, "line_bytes", "a text in it is longer")
            taken += np.asarray(pc.fill_null(pc.take(lengths, column.indices), 0), np.int64)
    edges = np.flatnonzero(np.diff(np.cumsum(taken) // BYTES_AT_ONCE, prepend=0)).tolist()
    for start, end in pairwise(dict.fromkeys([0, *edges, batch.num_rows])):
        yield batch.slice(start, end - start)


def _laid_down(stream: IO[bytes]) -> IO[bytes]:
    """What comes out of an archive can be read forward only, and a Parquet file begins at its end."""
    target = TemporaryFile()  # noqa: SIM115 - the file goes with its last reader
    shutil.copyfileobj(stream, target)
    target.seek(0)
    return target


def _refuse_oversized(file: LandedFile, source: Any, form: ParquetFormat) -> None:
    """By what the file says of itself."""
    facts = source.metadata
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
