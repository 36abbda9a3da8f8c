"""Records of the systems' readings as JSON lines, made column by column: there are millions of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.calendar import local_text
from city.telemetry.delivery import Rows
from city.telemetry.systems import CHANNELS

_WHOLE = tuple(CHANNELS)
# A re-export lists its columns in another order.
_OTHER = ("qh", "pw", "g1", "vlv", "mk", "p2r", "p2s", "t2r", "t2s", "p1r", "p1s", "t1r", "t1s")


def record_lines(rows: Rows, system_ids: np.ndarray, station_ids: np.ndarray) -> list[str]:
    """One line for each row, in order."""
    lines = np.empty(len(rows), dtype=object)
    for other in (False, True):
        which = np.flatnonzero(rows.other_order == other)
        if len(which):
            lines[which] = _lines(rows.take(which), system_ids, station_ids, other=other)
    return lines.tolist()


def _lines(rows: Rows, system_ids: np.ndarray, station_ids: np.ndarray, *, other: bool) -> list[str]:
    system, station = pa.array(system_ids[rows.system]), pa.array(station_ids[rows.system])
    read, received = (_moments(s) for s in (rows.read_s, rows.arrival_s))
    hist = pa.array(np.where(rows.replay, "1", "0"))
    head: list[pa.Array | str] = ['{"sysId":"', system, '","staId":"', station, '","ts":"', read, '","recvTime":"', received, '"']
    if other:
        head = ['{"recvTime":"', received, '","ts":"', read, '","staId":"', station, '","sysId":"', system, '"']
    parts = head
    for name in _OTHER if other else _WHOLE:
        parts += [f',"{name}":', _numbers(rows.values[:, list(CHANNELS).index(name)], CHANNELS[name])]
    parts += [',"hist":', hist, "}"]
    made = pc.binary_join_element_wise(*(pa.scalar(p) if isinstance(p, str) else p for p in parts), "")
    return made.to_pylist()


def _numbers(values: np.ndarray, decimals: int) -> pa.Array:
    """Decimal text; a number without decimals is written without a point."""
    if decimals == 0:
        return pa.array(np.rint(values).astype(np.int64)).cast(pa.string())
    return pa.array(np.round(values.astype(np.float64), decimals)).cast(pa.string())


def _moments(epoch_s: np.ndarray) -> pa.Array:
    distinct, place = np.unique(epoch_s, return_inverse=True)
    return pa.DictionaryArray.from_arrays(place.astype(np.int32), pa.array(local_text(distinct))).cast(pa.string())
