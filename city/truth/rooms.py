"""Room compliance: readings -> point-days -> household-days -> percent by unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from city.calendar import (
    COMFORT_DEGC,
    DAY_S,
    DESIGN_OUTDOOR_DEGC,
    OFFSET_S,
    STANDARD_DEGC,
    TOLERANCE_DEGC,
    Season,
    local_day,
)
from city.truth.observed import Observed
from city.truth.register import UNIT_KINDS, Register

_ENOUGH = 0.75
_DEVICES_AT_A_TIME = 100
_INTERVAL_HOMES = 10
_OUTDOOR_HOURS = 18
_KINDS = ("all", "fixed", "mobile", "remote")
_COUNTS = ("judged", "complying", "judged_normal_weather", "complying_normal_weather", "comfort")


def room_compliance(observed: Observed, register: Register) -> pd.DataFrame:
    """Rows by season, day, period, unit and point kind, wherever something was judged."""
    judged = judged_point_days(observed, register)
    cold = below_design_days(observed)
    parts = []
    for season in observed.seasons:
        last = observed.last_day(season)
        mine = judged[(judged["day"] >= season.first_day) & (judged["day"] <= last)]
        if len(mine):
            parts.append(_season_rows(mine, season, last, register, cold))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def judged_point_days(observed: Observed, register: Register) -> pd.DataFrame:
    """Every judged point-day, worked out once a city."""
    if observed.judged is None:
        point_days = pd.concat([_automatic(observed, register), _manual(observed)], ignore_index=True)
        observed.judged = _judged(point_days.astype({"day": np.int64, "value": float}), register)
    return observed.judged


def worst_of_homes(judged: pd.DataFrame) -> pd.DataFrame:
    """The room with the smallest margin of each home and day."""
    return judged.sort_values(["margin", "point_id"], kind="stable").drop_duplicates(["household", "day"], keep="first")


def household_days(observed: Observed, register: Register) -> pd.DataFrame:
    """The judged room with the smallest margin of each home and day: household, day, value, margin, station, branch."""
    worst = worst_of_homes(judged_point_days(observed, register))
    return worst.assign(household_id=register.households.ids[worst["household"].to_numpy()]).reset_index(drop=True)


def staged_remote(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One reading per point and time: live ones before replays, then the latest arrival; in order of point and time."""
    rank = np.lexsort((-rows["arrival_s"], rows["hist"]))
    key = rows["device"][rank].astype(np.int64) * (1 << 34) + rows["read_s"][rank]
    order = np.argsort(key, kind="stable")
    first = np.append(True, np.diff(key[order]) != 0)
    chosen = rank[order][first]
    return {name: column[chosen] for name, column in rows.items()}


def _automatic(observed: Observed, register: Register) -> pd.DataFrame:
    """Point-days of the remote points, some devices at a time to save memory."""
    parts = []
    for first in range(0, len(observed.devices), _DEVICES_AT_A_TIME):
        device = observed.remote["device"]
        mine = (device >= first) & (device < first + _DEVICES_AT_A_TIME)
        if mine.any():
            rows = {name: column[mine] for name, column in observed.remote.items()}
            parts.append(_time_weighted(staged_remote(rows), observed.devices, register))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _time_weighted(rows: dict[str, np.ndarray], devices: np.ndarray, register: Register) -> pd.DataFrame:
    """Time-weighted values of the days of which readings cover at least 75 %, each one at most its expected interval."""
    kept = ~rows["excluded"]
    device, read_s, tenths = (rows[n][kept].astype(np.int64) for n in ("device", "read_s", "tenths"))
    code = register.points.codes(devices)[device]
    minutes = pd.to_numeric(register.points.rows["expected_interval_minutes"]).to_numpy(dtype=float)
    interval_s = np.nan_to_num(minutes[register.points.in_force(code, local_day(read_s))] * 60).astype(np.int64)
    following = np.append(read_s[1:], np.iinfo(np.int64).max)
    following[:-1][np.diff(device) != 0] = np.iinfo(np.int64).max
    until, covered_until = (np.minimum(following, read_s + times * interval_s) for times in (2, 1))
    first_day = int(local_day(read_s.min()))
    days = int(local_day(until.max())) - first_day + 1
    cell = device * days + local_day(read_s) - first_day
    midnight = (local_day(read_s) + 1) * DAY_S - OFFSET_S
    before, after = np.minimum(until, midnight) - read_s, np.maximum(until - midnight, 0)
    cells = len(devices) * days + 1
    weight = np.bincount(cell, before, cells) + np.bincount(cell + 1, after, cells)
    total = np.bincount(cell, before * (tenths * 100), cells) + np.bincount(cell + 1, after * (tenths * 100), cells)
    covered = np.bincount(cell, np.minimum(covered_until, midnight) - read_s, cells)
    covered += np.bincount(cell + 1, np.maximum(covered_until - midnight, 0), cells)
    full = np.flatnonzero((covered >= _ENOUGH * DAY_S) & (np.bincount(cell, minlength=cells) > 0))
    value = np.round(total[full] / weight[full] / 1000, 6)
    return pd.DataFrame({"point_id": devices[full // days].astype(str), "day": full % days + first_day, "value": value})


def _manual(observed: Observed) -> pd.DataFrame:
    """Mean of the tests of a day, each test in its latest version."""
    ordered = observed.tests.sort_values(["version", "arrival_s"], kind="stable")
    tests = ordered.drop_duplicates(["point_id", "read_s"], keep="last")
    by_day = tests.assign(day=local_day(tests["read_s"].to_numpy())).groupby(["point_id", "day"])["tenths"]
    days = by_day.agg(["sum", "count"]).astype(float).reset_index()
    return days[["point_id", "day"]].assign(value=(days["sum"] / days["count"] / 10).round(6))


def _judged(point_days: pd.DataFrame, register: Register) -> pd.DataFrame:
    """Point-days of valid points with a standard in served homes of residents."""
    day = point_days["day"].to_numpy()
    row = register.points.in_force(register.points.codes(point_days["point_id"].to_numpy()), day)
    points = register.points
    standard = pd.Series(points.column("room_type")[row]).map(STANDARD_DEGC).to_numpy(dtype=float)
    household = points.column("household_id")[row].astype(str)
    homes = register.homes(household, day)
    frame = point_days.assign(
        kind=points.column("point_kind")[row].astype(str),
        household=register.households.codes(household),
        station=homes.station,
        branch=homes.branch,
        building=homes.building,
        margin=np.round(point_days["value"].to_numpy() - standard + TOLERANCE_DEGC, 6),
    )
    return frame[(row >= 0) & homes.served & homes.resident & ~np.isnan(standard)].reset_index(drop=True)


def outdoor_days(observed: Observed) -> pd.Series:
    """Mean outdoor temperature by local day; a reading counts for its hour, and a day of fewer than 18 hours is not known."""
    hours = observed.weather.sort_values("arrival_s", kind="stable").drop_duplicates("observed_s", keep="last")
    of_day = hours.groupby(local_day(hours["observed_s"].to_numpy()))["temp"]
    return of_day.mean()[of_day.size() >= _OUTDOOR_HOURS]


def below_design_days(observed: Observed) -> set[int]:
    """Local days whose mean outdoor temperature lies below the design temperature."""
    mean = outdoor_days(observed)
    return set(mean.index[mean < DESIGN_OUTDOOR_DEGC].tolist())


def _season_rows(judged: pd.DataFrame, season: Season, last: int, register: Register, cold: set[int]) -> pd.DataFrame:
    served = register.served_counts(season)
    days = last - season.first_day + 1
    parts = []
    for kind in _KINDS:
        mine = judged if kind == "all" else judged[judged["kind"] == kind]
        worst = worst_of_homes(mine)
        if len(worst) == 0:
            continue
        flags = _flags(worst, cold)
        for unit_kind in UNIT_KINDS:
            unit = np.zeros(len(worst), dtype=int) if unit_kind == "company" else worst[unit_kind].to_numpy()
            ids = register.unit_ids(unit_kind)
            cell = unit * days + (worst["day"].to_numpy() - season.first_day)
            daily = {n: np.bincount(cell, flags[n], len(ids) * days).reshape(len(ids), days).astype(np.int64) for n in _COUNTS}
            seen = pd.DataFrame({"unit": unit, "household": worst["household"].to_numpy(), "cell": cell})
            newly = seen.sort_values("cell", kind="stable").drop_duplicates(["unit", "household"])["cell"].to_numpy()
            fresh = np.bincount(newly, minlength=len(ids) * days).reshape(len(ids), days)
            to_date = {n: np.cumsum(m, axis=1) for n, m in daily.items()}
            key = (season, kind, unit_kind, ids)
            low, high = _interval(unit, seen["household"].to_numpy(), flags["complying"], cell % days, (len(ids), days))
            parts.append(_rows("day", key, daily, daily["judged"], served[unit_kind]))
            parts.append(_rows("to_date", key, to_date | {"low": low, "high": high}, np.cumsum(fresh, axis=1), served[unit_kind]))
    return pd.concat(parts, ignore_index=True)


def _interval(
    unit: np.ndarray, household: np.ndarray, complies: np.ndarray, day: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the ratio of sums to each day, in percent, by unit and day: from each home's own days so far.

    Homes differ, days of a home hardly do: the variance is that of the homes' residuals about the common ratio, t with homes - 1.
    """
    homes, home = np.unique(np.stack([unit, household]), axis=1, return_inverse=True)
    home = home.ravel()
    cell = home * shape[1] + day
    size = homes.shape[1] * shape[1]
    judged = np.cumsum(np.bincount(cell, minlength=size).reshape(-1, shape[1]), axis=1)
    good = np.cumsum(np.bincount(cell, complies, size).reshape(-1, shape[1]), axis=1)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    for one in np.unique(homes[0]):
        n, c = judged[homes[0] == one], good[homes[0] == one]
        number = (n > 0).sum(axis=0)
        whole, part = n.sum(axis=0), c.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = part / whole
            spread = np.sqrt(number / (number - 1) * ((c - share * n) ** 2).sum(axis=0)) / whole
        half = stats.t.ppf(0.975, np.maximum(number - 1, 1)) * spread
        alike = (part == 0) | (part == whole)
        edges = stats.norm.ppf(0.975) ** 2 / (number + stats.norm.ppf(0.975) ** 2)
        least = np.where(alike, np.where(part == 0, 0, 1 - edges), share - half)
        most = np.where(alike, np.where(part == 0, edges, 1), share + half)
        enough = number >= _INTERVAL_HOMES
        low[one, enough], high[one, enough] = 100 * least[enough].clip(0, 1), 100 * most[enough].clip(0, 1)
    return low, high


def _flags(worst: pd.DataFrame, cold: set[int]) -> dict[str, np.ndarray]:
    """Indicator columns of household-days."""
    complies = worst["margin"].to_numpy() >= 0
    normal = ~worst["day"].isin(cold).to_numpy()
    value = worst["value"].to_numpy()
    flags = {
        "judged": np.ones(len(worst)),
        "complying": complies,
        "judged_normal_weather": normal,
        "complying_normal_weather": normal & complies,
        "comfort": (value >= COMFORT_DEGC[0]) & (value <= COMFORT_DEGC[1]),
    }
    return {name: column.astype(float) for name, column in flags.items()}


def _rows(
    period: str,
    key: tuple[Season, str, str, np.ndarray],
    counts: dict[str, np.ndarray],
    measured: np.ndarray,
    served: np.ndarray,
) -> pd.DataFrame:
    season, kind, unit_kind, ids = key
    unit, day = np.nonzero(counts["judged"])
    return pd.DataFrame(
        {
            "season": season.code,
            "day": day + season.first_day,
            "period": period,
            "unit_kind": unit_kind,
            "unit_id": ids[unit],
            "point_kind": kind,
            "judged_household_days": counts["judged"][unit, day],
            "complying_household_days": counts["complying"][unit, day],
            "served_households": served[unit, day],
            "measured_households": measured[unit, day],
            "judged_household_days_normal_weather": counts["judged_normal_weather"][unit, day],
            "complying_household_days_normal_weather": counts["complying_normal_weather"][unit, day],
            "comfort_household_days": counts["comfort"][unit, day],
            "interval_low_percent": counts["low"][unit, day] if "low" in counts else np.nan,
            "interval_high_percent": counts["high"][unit, day] if "high" in counts else np.nan,
        }
    )
