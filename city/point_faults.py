"""Faults of remote points that last: what is planted beside the short ones, and the list of all of them for the truth.

A sensor that suddenly reads some degrees too much or too little (knocked, moved to a pipe, out of calibration) is accepted
and judged like any other, here and in the truth: only its neighbours give it away. One that sends error codes for days has
hardly a row that is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city.calendar import local_text
from city.series import ERROR, ERROR_CODES_TENTHS, Series
from city.size import Size
from city.streams import Streams

_COUNTS = {"biased": 18, "error_coded": 14}
_LEAST = 3
_QUIET_HOURS = 30 * 24
_SILENT_SHARE = 0.1


@dataclass(frozen=True)
class LongFault:
    """A fault of one point in one season, by hours of its grid."""

    kind: str
    first_hour: int
    hours: int
    size_degc: float


def plan_long_faults(free: list[int], season: int, hours: tuple[int, int], size: Size, streams: Streams) -> dict[int, LongFault]:
    """At most one a point; half of the biased sensors stay so to the end."""
    rng = streams.rng("remote", season, "long faults")
    low, high = hours
    room = high - low - _QUIET_HOURS
    if room < 12 * 24:
        return {}
    drawn = rng.permutation(free).tolist()
    faults: dict[int, LongFault] = {}
    for kind, count in _COUNTS.items():
        for nth in range(min(max(_LEAST, round(count * size.scale)), len(drawn) // 2)):
            if kind == "biased":
                length = int(rng.integers(min(25 * 24, room - 24), min(60 * 24, room)))
                begin = high - length if nth % 2 == 0 else low + _QUIET_HOURS + int(rng.integers(0, room - length))
                step = float(rng.choice([-1, 1])) * round(float(rng.uniform(3.0, 4.4)), 1)
            else:
                length, step = int(rng.integers(3 * 24, 10 * 24)), 0.0
                begin = low + _QUIET_HOURS + int(rng.integers(0, room - length))
            faults[drawn.pop()] = LongFault(kind, begin, length, step)
    return faults


def plant_long(fault: LongFault, series: Series, rng: np.random.Generator) -> tuple[int, int] | None:
    """Plant it into the series; returns the first reading and the one after the last, None where there is nothing."""
    first, last = (
        int(np.searchsorted(series.read_s, series.start_s + hour * 3600))
        for hour in (fault.first_hour, fault.first_hour + fault.hours)
    )
    if last - first < 24:
        return None
    if fault.kind == "biased":
        series.tenths[first:last] += round(fault.size_degc * 10)
        # No window or spike beside the step: what a rule about hours says of it must be certain.
        for edge in (first, last):
            series.busy[max(0, edge - 10) : edge + 10] = True
            series.guarded[max(0, edge - 6) : edge + 6] = True
    else:
        bad = first + np.flatnonzero(rng.random(last - first) >= _SILENT_SHARE)
        series.state[bad] = ERROR
        series.sent[bad] = int(rng.choice(ERROR_CODES_TENTHS))
        series.busy[max(0, first - 2) : last + 2] = True
    return first, last


def fault_row(point_id: str, kind: str, first_s: int, before_s: int, size: float = 0.0) -> dict[str, object]:
    """A line of faults.csv."""
    first, before = local_text(np.array([first_s, before_s])).tolist()
    return {
        "subject_kind": "point",
        "subject_id": point_id,
        "fault": kind,
        "channel": "room",
        "first_at": first,
        "before_at": before,
        "size": size,
    }
