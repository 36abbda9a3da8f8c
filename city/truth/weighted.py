"""Room compliance as it would be if every kind of home were measured as often as it exists, by instruments alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import Season
from city.truth.observed import Observed
from city.truth.register import UNIT_KINDS, Register

_STRATUM = ["branch", "station", "position", "flat"]


def weighted_rooms(observed: Observed, register: Register, judged: pd.DataFrame) -> pd.DataFrame:
    """Rows by season, day, period and unit of which at least one home was measured by an instrument."""
    homes = _homes(judged, register)
    parts = [_season(homes, season, observed.last_day(season), register) for season in observed.seasons]
    return pd.concat(parts, ignore_index=True)


def _homes(judged: pd.DataFrame, register: Register) -> pd.DataFrame:
    """Each home and day once: whether an instrument judged it, and what its worst room by instruments said."""
    frame = judged.assign(
        instrument=judged["kind"] != "mobile",
        worst=judged["margin"].where(judged["kind"] != "mobile"),
        position=register.buildings.column("network_position")[judged["building"].to_numpy()],
        flat=register.flat_positions(judged["household"].to_numpy(), judged["day"].to_numpy()),
    )
    frame = frame[frame["station"] >= 0]
    return frame.groupby(["household", "day", *_STRATUM], as_index=False).agg(
        instrument=("instrument", "any"), worst=("worst", "min")
    )


def _season(homes: pd.DataFrame, season: Season, last: int, register: Register) -> pd.DataFrame:
    days = last - season.first_day + 1
    strata, served = register.served_strata(season)
    served = served[:, :days]
    mine = homes[(homes["day"] >= season.first_day) & (homes["day"] <= last)]
    row = mine[_STRATUM].merge(strata.reset_index(names="row"), on=_STRATUM, how="left")["row"].to_numpy()
    cell = row * days + mine["day"].to_numpy() - season.first_day
    instrument = mine["instrument"].to_numpy()

    def counted(among: np.ndarray) -> np.ndarray:
        return np.bincount(cell[among], minlength=len(strata) * days).reshape(len(strata), days)

    by_day = (counted(instrument), counted(instrument & (mine["worst"].to_numpy() >= 0)), counted(~instrument))
    parts = []
    for period, (number, good, visits) in (("day", by_day), ("to_date", tuple(np.cumsum(m, axis=1) for m in by_day))):
        rate = _rates(strata, number, good)
        for unit_kind in UNIT_KINDS:
            ids = register.unit_ids(unit_kind)
            unit = np.zeros(len(strata), dtype=int) if unit_kind == "company" else strata[unit_kind].to_numpy()
            homes_of = _summed(served, unit, len(ids))
            borrowed = _summed(served * (number == 0), unit, len(ids))
            visited = _summed(served * ((number == 0) & (visits > 0)), unit, len(ids))
            complying = _summed(np.where(served > 0, served * rate, 0.0), unit, len(ids))
            u, d = np.nonzero(homes_of > borrowed)
            parts.append(
                pd.DataFrame(
                    {
                        "season": season.code,
                        "day": d + season.first_day,
                        "period": period,
                        "unit_kind": unit_kind,
                        "unit_id": ids[u],
                        "weighted_percent": 100 * complying[u, d] / homes_of[u, d],
                        "weighted_fallback_share": borrowed[u, d] / homes_of[u, d],
                        "weighted_visits_only_share": visited[u, d] / homes_of[u, d],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _rates(strata: pd.DataFrame, number: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Rate of each stratum and day: its own, else its station's, else its branch's, else the company's."""
    rate = np.full(number.shape, np.nan)
    for unit in (
        np.arange(len(strata)),
        strata["station"].to_numpy(),
        strata["branch"].to_numpy(),
        np.zeros(len(strata), dtype=int),
    ):
        n, c = (_summed(matrix, unit, int(unit.max()) + 1)[unit] for matrix in (number, good))
        rate = np.where(np.isnan(rate) & (n > 0), c / np.maximum(n, 1), rate)
    return rate


def _summed(matrix: np.ndarray, unit: np.ndarray, units: int) -> np.ndarray:
    total = np.zeros((units, matrix.shape[1]), dtype=matrix.dtype)
    np.add.at(total, unit, matrix)
    return total
