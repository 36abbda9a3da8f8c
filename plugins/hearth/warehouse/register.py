"""The dated register as the loading needs it: which measuring points are known, and from which day on; and as sources
are asked by it, device by device."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from psycopg import sql

from hearth.warehouse.connections import connect


class KnownPoints:
    """First valid day of every registered point."""

    def __init__(self, first_days: dict[str, np.datetime64]) -> None:
        self._ids = pa.array(list(first_days), pa.string())
        self._days = np.array(list(first_days.values()), dtype="datetime64[D]")

    @classmethod
    def from_warehouse(cls) -> KnownPoints:
        with connect("loader") as connection:
            rows = connection.execute("select point_id, min(valid_from) from raw.measuring_point group by 1").fetchall()
        return cls({point: np.datetime64(day) for point, day in rows})

    def known(self, point_id: pd.Series, local_day: np.ndarray) -> np.ndarray:
        """True where the register knows the point on that local day (or on the day before it, for a null time)."""
        import pyarrow.compute as pc

        column = pa.array(point_id, pa.string(), from_pandas=True)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        at = pc.fill_null(pc.index_in(column, self._ids), -1).to_numpy(zero_copy_only=False)
        known = at >= 0
        if len(self._days):
            early = local_day < self._days[np.maximum(at, 0)]
            known &= ~(early & ~np.isnat(local_day))
        return known


ID_COLUMNS = {"measuring_point": "point_id", "station": "station_id", "building": "building_id"}


def registered_ids(entity: str) -> list[str]:
    """Identifiers the register has ever had, in order; `entity`: one of ID_COLUMNS."""
    column = sql.Identifier(ID_COLUMNS[entity])
    asked = sql.SQL("select distinct {} from raw.{} order by 1").format(column, sql.Identifier(entity))
    with connect("loader") as connection:
        return [str(found) for (found,) in connection.execute(asked)]
