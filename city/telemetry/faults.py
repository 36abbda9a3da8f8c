"""What breaks in the network and in its instruments, where, and from when to when: the answers of faults.csv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city.calendar import Window, local_text
from city.rooms import Grid
from city.size import Size
from city.streams import Streams
from city.telemetry.delivery import SENTINEL_CHANNELS
from city.telemetry.systems import PLACE

# Faults of a season at full scale. Every kind is planted in any city that has systems left.
_COUNTS = {"leak": 30, "blocked": 14, "stuck": 16, "silent": 14, "sentinel": 12, "swapped": 10}
_HOURS = {
    "leak": (54, 200),
    "blocked": (72, 240),
    "stuck": (80, 190),
    "silent": (54, 240),
    "sentinel": (60, 150),
    "swapped": (60, 260),
}
# A fault is known by what was normal before it: none in the first weeks.
_QUIET_DAYS = 24
_STUCK_CHANNELS = ("t2s", "t2r", "g1", "p2r", "t1s")
_PAIRS = {"secondary": ("t2s", "t2r"), "primary": ("t1s", "t1r")}


@dataclass(frozen=True)
class Fault:
    """One fault of a system, half open in epoch seconds; `size` is what the kind is measured in."""

    system: int
    kind: str
    channel: str
    first_s: int
    last_s: int
    size: float

    def holds(self, read_s: np.ndarray) -> np.ndarray:
        return (read_s >= self.first_s) & (read_s < self.last_s)


def plan_faults(grid: Grid, window: Window, station: np.ndarray, size: Size, streams: Streams) -> list[Fault]:
    """At most one fault a system and season; the first of each kind lasts to the end of a season that is cut off or last.

    `station` is that of each system. The first system to fall silent stands beside another of its station: the heat of the other
    alone is not the station's.
    """
    rng = streams.rng("telemetry", grid.season, "faults")
    beside_another = np.bincount(station)[station] > 1
    low = max(0, (window.start_s - grid.start_s) // 3600)
    high = min(grid.hours, (window.end_s - grid.start_s) // 3600)
    free = rng.permutation(len(station)).tolist()
    ends_open = window.end_s <= grid.start_s + grid.hours * 3600
    faults = []
    for kind, count in _COUNTS.items():
        for nth in range(size.some(count)):
            length = int(rng.integers(*_HOURS[kind]))
            first = low + _QUIET_DAYS * 24
            if not free or high - first < length + 24:
                continue
            begin = int(rng.integers(first, high - length))
            # What lasts to the end has to be seen on a whole last day.
            begin = high - length if ends_open and nth == 0 else begin
            start_s = grid.start_s + begin * 3600
            wanted = beside_another[free] if kind == "silent" and nth == 0 else np.ones(len(free), dtype=bool)
            system = free.pop(int(np.flatnonzero(wanted)[-1]) if wanted.any() else -1)
            faults.append(_fault(rng, system, kind, start_s, start_s + length * 3600))
    return faults


def _fault(rng: np.random.Generator, system: int, kind: str, first_s: int, last_s: int) -> Fault:
    channel, size = "", 0.0
    if kind == "leak":
        channel, size = "mk", float(np.round(rng.uniform(1.2, 3.5), 2))
    elif kind == "blocked":
        channel, size = "vlv", float(np.round(rng.uniform(1.4, 1.7), 2))
    elif kind == "stuck":
        channel = str(rng.choice(_STUCK_CHANNELS))
    elif kind == "sentinel":
        channel = SENTINEL_CHANNELS[system % len(SENTINEL_CHANNELS)]
    elif kind == "swapped":
        channel = str(rng.choice(list(_PAIRS)))
    return Fault(system, kind, channel, first_s, last_s, size)


def happen(values: np.ndarray, faults: list[Fault], read_s: np.ndarray) -> None:
    """Faults of the network itself: they are true, and show in the readings."""
    for fault in faults:
        now = fault.holds(read_s)
        if not now.any():
            continue
        mine = values[fault.system]
        if fault.kind == "leak":
            mine[now, PLACE["mk"]] += fault.size
            mine[now, PLACE["p2r"]] -= 0.012 * fault.size + 0.01
            mine[now, PLACE["p2s"]] -= 0.010 * fault.size + 0.01
        elif fault.kind == "blocked":
            mine[now, PLACE["vlv"]] = np.minimum(mine[now, PLACE["vlv"]] * fault.size, 98)


def misread(values: np.ndarray, faults: list[Fault], read_s: np.ndarray, held: dict[int, float]) -> None:
    """Faults of the instruments, in the rounded readings: a value that stands still, channels changed over."""
    for fault in faults:
        now = fault.holds(read_s)
        if not now.any():
            continue
        mine = values[fault.system]
        if fault.kind == "stuck":
            place = PLACE[fault.channel]
            mine[now, place] = held.setdefault(fault.system, float(mine[np.argmax(now), place]))
        elif fault.kind == "swapped":
            supply, back = (PLACE[name] for name in _PAIRS[fault.channel])
            mine[now, supply], mine[now, back] = mine[now, back].copy(), mine[now, supply].copy()


def right_way_round(values: np.ndarray, faults: list[Fault], read_s: np.ndarray) -> np.ndarray:
    """The readings as they would be without swapped channels; swapping twice is not swapping."""
    swapped = [fault for fault in faults if fault.kind == "swapped"]
    if not any(fault.holds(read_s).any() for fault in swapped):
        return values
    mended = values.copy()
    misread(mended, swapped, read_s, {})
    return mended


def true_place(faults: list[Fault], system: np.ndarray, read_s: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The channel that a reading of the channel at `place` is of, where channels are changed over."""
    true = place.copy()
    for fault in faults:
        if fault.kind == "swapped":
            supply, back = (PLACE[name] for name in _PAIRS[fault.channel])
            now = (system == fault.system) & fault.holds(read_s)
            true[now & (place == supply)], true[now & (place == back)] = back, supply
    return true


def ends_within(fault: Fault, first_s: int, beyond_s: int) -> bool:
    """Whether it begins or ends in a part of the stretch only."""
    return any(first_s < edge < beyond_s for edge in (fault.first_s, fault.last_s))


def fault_rows(faults: list[Fault], ids: np.ndarray) -> Iterator[dict[str, object]]:
    """Lines of faults.csv."""
    for fault in faults:
        first, last = local_text(np.array([fault.first_s, fault.last_s])).tolist()
        yield {
            "subject_kind": "system",
            "subject_id": str(ids[fault.system]),
            "fault": fault.kind,
            "channel": fault.channel,
            "first_at": first,
            "before_at": last,
            "size": fault.size,
        }


def fault_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    names = ["subject_kind", "subject_id", "fault", "channel", "first_at", "before_at", "size"]
    return pd.DataFrame(rows, columns=names).sort_values(["subject_kind", "subject_id", "first_at"]).reset_index(drop=True)
