"""One automatic point over one season: what its sensor saw, and everything that went wrong on the way.

A series carries a state for each reading. Readings that arrive sound are GOOD, REPLAYED or HEALED; the rest was lost,
is rejected on arrival, or is excluded by a rule about the series (stuck, spike, open window). Planting keeps its
distance from other plants, and `settle` moves values and losses away from every limit: no decision hangs on a rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from city.calendar import COMFORT_DEGC, DAY_S, STANDARD_DEGC

GOOD, LOST, REPLAYED, HEALED, ERROR, ZERO, RANGE, CONFLICT, STUCK, SPIKE, WINDOW = range(11)
REASONS = {
    ERROR: "error_code",
    HEALED: "error_code",
    ZERO: "missing_value",
    RANGE: "out_of_range",
    CONFLICT: "conflicting_duplicate",
}
EXCLUDED = (STUCK, SPIKE, WINDOW)
ERROR_CODES_TENTHS = (-10100, -99990, 850, 1279)
LIMIT_TENTHS = round(STANDARD_DEGC["living_room"] * 10)
_VALUE_LIMITS = (STANDARD_DEGC["living_room"], *COMFORT_DEGC)
_VALUE_MARGIN = 0.021
# A day with 17, 18 or 19 of its 24 readings would sit at the limit of 75 %; it is thinned to 16.
_COUNT_LOW, _COUNT_HIGH, _THINNED = 17, 19, 16
HOLD_S = 2 * 3600


@dataclass
class Series:
    """Readings of one point in one season, in time order; temperatures in tenths of a degree."""

    read_s: np.ndarray
    day: np.ndarray
    interval: np.ndarray
    tenths: np.ndarray
    start_s: int
    coarse: bool
    state: np.ndarray = field(init=False)
    sent: np.ndarray = field(init=False)
    busy: np.ndarray = field(init=False)
    guarded: np.ndarray = field(init=False)
    # (first index, length, receive time) of replays that heal a loss or an error
    replays: list[tuple[int, int, int]] = field(default_factory=list)
    # (neighbouring reading, stuck value): the neighbour must differ, or the run would grow
    stuck_edges: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.read_s)
        self.state = np.zeros(count, dtype=np.uint8)
        self.sent = self.tenths.copy()
        self.busy = np.zeros(count, dtype=bool)
        self.guarded = np.zeros(count, dtype=bool)

    def find(self, rng: np.random.Generator, length: int, margin: int, low: int, high: int) -> int | None:
        """A free run of readings in [low, high), marked busy with its margin; None when there is no room."""
        if high - low < length + 2 * margin:
            return None
        for _ in range(12):
            begin = int(rng.integers(low + margin, high - length - margin + 1))
            span = slice(begin - margin, begin + length + margin)
            if not self.busy[span].any() and self.interval[begin] == self.interval[begin + length - 1]:
                self.busy[span] = True
                return begin
        return None

    def plant_codes(self, begin: int, length: int, state: int, tenths: int) -> None:
        self.state[begin : begin + length] = state
        self.sent[begin : begin + length] = tenths

    def plant_spike(self, at: int, jump: int) -> None:
        self.state[at] = SPIKE
        self.sent[at] = self.tenths[at - 1] + jump
        self.tenths[at] = self.sent[at]
        self.guarded[at - 5 : at + 6] = True

    def plant_window(self, at: int, length: int, depth: int) -> None:
        """An open window: down by at least 3 degC within an hour for one or two readings, then back to where it was."""
        before = int(self.tenths[at - 3 : at].max())
        self.state[at : at + length] = WINDOW
        self.tenths[at : at + length] = before - depth + 2 * np.arange(length)
        self.tenths[at + length] = before
        self.sent[at : at + length + 1] = self.tenths[at : at + length + 1]
        self.guarded[at - 5 : at + length + 6] = True

    def plant_stuck(self, begin: int, length: int) -> None:
        value = int(self.tenths[begin])
        value += value == LIMIT_TENTHS
        self.state[begin : begin + length] = STUCK
        self.tenths[begin : begin + length] = value
        self.stuck_edges += [(edge, value) for edge in (begin - 1, begin + length) if 0 <= edge < len(self.tenths)]
        self.sent[begin : begin + length] = value
        self.guarded[max(0, begin - 5) : begin + length + 5] = True

    def received(self, start_s: int, end_s: int) -> np.ndarray:
        """True for readings that reach the company sound and inside the window of arrival."""
        inside = (self.read_s >= start_s) & (self.read_s < end_s)
        sound = (self.state == GOOD) & inside
        for begin, length, arrival in self.replays:
            if start_s <= arrival < end_s:
                sound[begin : begin + length] = True
        return sound

    def settle(self, start_s: int, end_s: int) -> None:
        """Keep the distance from every limit: thin days near 75 % of readings, shift values near a standard."""
        self._avoid_limit(np.where(np.arange(len(self.tenths)) % 2 == 0, 1, -1))
        self._thin_days(start_s, end_s)
        sound = self.received(start_s, end_s)
        for _ in range(12):
            for edge, value in self.stuck_edges:
                if self.tenths[edge] == value:
                    self.tenths[edge] += 2 if value + 2 != LIMIT_TENTHS else 3
            near, up = self._near_days(sound)
            if not near.any():
                break
            chosen = near[self.day] & np.isin(self.state, (GOOD, REPLAYED, HEALED))
            if self.coarse:
                chosen &= (self.read_s - self.start_s) // 3600 % 8 < 3
            step = np.where(up[self.day], 1, -1) * (10 if self.coarse else 1)
            self.tenths = np.where(chosen, self.tenths + step, self.tenths)
            self._avoid_limit(step, chosen)
        plain = np.isin(self.state, (GOOD, REPLAYED))
        self.sent = np.where(plain, self.tenths, self.sent)
        self.sent += np.isin(self.state, (SPIKE, WINDOW)) & (self.sent == LIMIT_TENTHS)

    def _avoid_limit(self, step: np.ndarray, among: np.ndarray | None = None) -> None:
        """No sound reading shows exactly the standard."""
        exact = (self.tenths == LIMIT_TENTHS) & (self.state != STUCK)
        if among is not None:
            exact &= among
        self.tenths = np.where(exact, self.tenths + np.sign(step), self.tenths)

    def _thin_days(self, start_s: int, end_s: int) -> None:
        sound = self.received(start_s, end_s)
        count = np.bincount(self.day[sound], minlength=int(self.day[-1]) + 1)
        for day in np.flatnonzero((count >= _COUNT_LOW) & (count <= _COUNT_HIGH)).tolist():
            mine = np.flatnonzero((self.day == day) & (self.state == GOOD) & sound)
            free = mine[~self.guarded[mine]]
            surplus = int(count[day]) - _THINNED
            self.state[(free if len(free) >= surplus else mine)[-surplus:]] = LOST

    def _near_days(self, sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Days whose time-weighted value lies near a limit, and whether to push them up."""
        weight, total = day_sums(self.read_s[sound], self.tenths[sound], self.start_s, int(self.day[-1]) + 1)
        value = np.where(weight > 0, total / np.maximum(weight, 1), -9990.0) / 10
        near, up = np.zeros(len(value), dtype=bool), np.zeros(len(value), dtype=bool)
        for limit in _VALUE_LIMITS:
            close = np.abs(value - limit) < _VALUE_MARGIN
            near |= close
            up |= close & (value >= limit)
        return near, up


def day_sums(read_s: np.ndarray, tenths: np.ndarray, start_s: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds held and tenths x seconds by day; a reading holds until the next one, at most two hours."""
    if len(read_s) == 0:
        return np.zeros(days), np.zeros(days)
    until = np.minimum(np.append(read_s[1:], read_s[-1] + HOLD_S), read_s + HOLD_S)
    day = (read_s - start_s) // DAY_S
    midnight = start_s + (day + 1) * DAY_S
    first = np.minimum(until, midnight) - read_s
    second = np.maximum(until - midnight, 0)
    weight = np.bincount(day, first, days + 1) + np.bincount(day + 1, second, days + 1)[: days + 1]
    total = np.bincount(day, first * tenths, days + 1) + np.bincount(day + 1, second * tenths, days + 1)[: days + 1]
    return weight[:days], total[:days]
