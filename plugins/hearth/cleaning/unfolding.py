"""Which rows the records of a chunk become: one each, one for each reading of a packet, or each filled cell of several points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hearth.cleaning.cells import all_texts, is_in, mask
from hearth.contracts.contract import Contract
from hearth.contracts.mapping import CELL, COLUMN


@dataclass
class Unfolded:
    """`record`: the record of each row; `sub_position`: its number in it; `own`: source columns that have a value for each row, not
    for each record."""

    record: np.ndarray
    sub_position: np.ndarray
    own: dict[str, pd.Series] = field(default_factory=dict)

    @property
    def are_records(self) -> bool:
        return not self.own

    def for_each(self, of_records: pd.Series) -> pd.Series:
        """The value of each row's record."""
        return of_records.take(self.record).reset_index(drop=True)


def unfolded(contract: Contract, source: pd.DataFrame) -> Unfolded:
    """Every record gives at least one row."""
    if contract.unnest:
        record, sub_position, readings = _unnest(source[contract.unnest.readings])
        return Unfolded(record, sub_position, {contract.unnest.readings: readings})
    if contract.spread:
        return _spread(source[contract.spread.columns], contract.columns_empty(CELL))
    return Unfolded(np.arange(len(source)), np.zeros(len(source), np.int32))


def _spread(cells: pd.DataFrame, empty: list[str]) -> Unfolded:
    """The filled cells, record by record; of a record without any its first one."""
    rows, width = len(cells), len(cells.columns)
    filled = np.column_stack([~_blank(cells.iloc[:, at], empty) for at in range(width)])
    filled[~filled.any(axis=1), 0] = True
    record, column = (np.asarray(places) for places in filled.nonzero())
    names = pa.array(cells.columns.tolist(), pa.string()).take(pa.array(column))
    own = {COLUMN: pd.Series(pd.arrays.ArrowExtensionArray(names))}
    kinds = set(map(str, cells.dtypes))
    if len(kinds) == 1 and "object" not in kinds:
        one_after_the_other = pd.concat([cells.iloc[:, at] for at in range(width)], ignore_index=True)
        own[CELL] = one_after_the_other.take(column * rows + record).reset_index(drop=True)
    else:
        own[CELL] = pd.Series(cells.astype(object).to_numpy()[record, column], dtype=object)
    return Unfolded(record, column.astype(np.int32), own)


def _blank(cells: pd.Series, empty: list[str]) -> np.ndarray:
    texts, nested = all_texts(cells)
    return (is_in(texts, empty) | mask(texts.is_null())) & ~nested


def _unnest(readings: pd.Series) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    """(record of each reading, its number in the packet, its value); an empty packet keeps one empty row."""
    kind: Any = getattr(readings.dtype, "pyarrow_dtype", None)
    if kind is not None and pa.types.is_list(kind):
        lists = pa.chunked_array(readings.array.__arrow_array__()).combine_chunks()
        if lists.null_count == 0 and pc.min(pc.list_value_length(lists)).as_py() not in (0, None):
            record = pc.list_parent_indices(lists).to_numpy()
            flat: Any = pc.list_flatten(lists)
            values = flat.to_pandas(types_mapper=pd.ArrowDtype)
            starts = np.searchsorted(record, np.arange(len(lists)))
            return record, (np.arange(len(record)) - starts[record]).astype(np.int32), values
        readings = readings.map(lambda v: None if v is None or v is pd.NA else list(v))
    packets = [v if isinstance(v, (list, np.ndarray)) and len(v) else [None] for v in readings]
    record = np.repeat(np.arange(len(packets)), [len(p) for p in packets])
    sub_position = np.concatenate([np.arange(len(p)) for p in packets]) if packets else np.array([], int)
    values = pd.Series([value for packet in packets for value in packet], dtype=object)
    return record, sub_position.astype(np.int32), values
