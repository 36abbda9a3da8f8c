"""The 696 automatic points: what their collectors send hour by hour, and the lies of real collectors planted in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from city.calendar import DAY_S, Window, local_s
from city.packets import PacketLog, reason_code, send_series
from city.point_faults import fault_row, plan_long_faults, plant_long
from city.points import Points
from city.rooms import Grid, Rooms
from city.series import CONFLICT, ERROR, ERROR_CODES_TENTHS, HEALED, LOST, RANGE, REPLAYED, ZERO, Series
from city.streams import Streams

# Expected plants per 1,000 hours of a point (rows or short runs); every kind is planted at least twice in any city.
_PER_1000_HOURS = {
    "window": 0.30,
    "spike": 0.25,
    "lost": 3.0,
    "replayed": 1.6,
    "healed": 0.12,
    "error_code": 1.3,
    "missing_value": 0.9,
    "conflict": 0.06,
    "stale_replay": 0.5,
    "duplicate": 0.4,
    "future": 0.08,
    "epoch": 0.05,
}
# Points with a longer story in a season, at full scale.
_STORIES = {"fahrenheit": 6, "drift": 6, "stuck": 24, "silent": 26, "dense": 10, "low_battery": 20, "jitter": 70}
_LOW_BATTERY_V = 2.8
# A burst is of readings that would fill a day if they were counted; one device of whole degrees sends every five minutes for days.
_BURST_READINGS, _FINE_DAYS = 30, 10
_MARGIN = {"window": 7, "spike": 7}
# With fewer points than this the loud stories of a season take turns: no day loses a fifth of its readings to them.
_FEW_POINTS = 100


@dataclass
class RemoteFeed:
    """Everything the remote collectors send: packets in the order of points, readings as rows, and what was planted."""

    devices: np.ndarray
    packets: dict[str, np.ndarray]
    readings: dict[str, np.ndarray]
    planted: dict[str, int]
    faults: list[dict[str, object]]


class _Season:
    """Planting of one season: the stories of its points, then the short plants of each."""

    def __init__(
        self,
        rooms: Rooms,
        points: Points,
        streams: Streams,
        window: Window,
        grid: Grid,
        log: PacketLog,
        tally: Counter[str],
    ) -> None:
        self.rooms, self.points, self.streams, self.window, self.grid, self.log, self.tally = (
            rooms,
            points,
            streams,
            window,
            grid,
            log,
            tally,
        )
        low = max(0, (window.start_s - grid.start_s) // 3600)
        high = min(grid.hours, (window.end_s - grid.start_s) // 3600)
        self.low, self.high = int(low), int(high)
        self.runs = self.high - self.low >= 24
        if not self.runs:
            return
        rng = streams.rng("remote", grid.season, "plan")
        self.faults: list[dict[str, object]] = []
        self.bursts = {first for first, _ in points.twins}
        self.whole_degrees = int(np.flatnonzero(points.resolution >= 1)[0]) if (points.resolution >= 1).any() else -1
        self.story = self._stories(rng)
        self.long = plan_long_faults(self._plain_points(), grid.season, (self.low, self.high), rooms.network.size, streams)
        self.plan = self._plan(rng)

    def _stories(self, rng: np.random.Generator) -> dict[int, str]:
        """At most one story a point; points with a past of their own (moved, late, twins, coarse) keep to that."""
        points, size, own = self.points, self.rooms.network.size, self._with_a_past()
        present = points.valid(np.arange(len(points)), np.full(len(points), self.grid.first_day + self.low // 24 + 1))
        free = [p for p in rng.permutation(len(points)).tolist() if p not in own and present[p]]
        story: dict[int, str] = {}
        for name, count in _STORIES.items():
            for _ in range(size.some(count)):
                if len(free) > 1:
                    story[free.pop()] = name
        return story

    def _with_a_past(self) -> set[int]:
        points = self.points
        own = set(points.moves) | {p for pair in points.twins for p in pair} | set(points.late_registered.tolist())
        return own | set(np.flatnonzero(points.resolution > 0.1).tolist())

    def _plain_points(self) -> list[int]:
        """Points without a story, judged in the whole season: residents' rooms with a standard."""
        points, network = self.points, self.rooms.network
        count = len(points)
        valid = points.valid(np.arange(count), np.full(count, self.grid.first_day))
        valid &= points.valid(np.arange(count), np.full(count, self.grid.first_day + self.grid.days - 1))
        valid &= (points.room < 2) & ~network.household_enterprise[points.household]
        valid[np.isin(points.household, network.suspended_households())] = False
        return sorted(set(np.flatnonzero(valid).tolist()) - self._with_a_past() - set(self.story))

    def _plan(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """How many short plants of each kind each point gets."""
        count, plan = len(self.points), {}
        day = np.full(count, self.grid.first_day + self.low // 24)
        present = np.flatnonzero(self.points.valid(np.arange(count), day)).tolist()
        for name, rate in _PER_1000_HOURS.items():
            plan[name] = rng.poisson(rate * (self.high - self.low) / 1000, count)
            calm = [p for p in present if p not in self.story and self.points.resolution[p] < 1]
            while plan[name].sum() < 2:
                plan[name][int(rng.choice(calm))] += 1
        return plan

    def run(self, point: int, known: bool) -> None:
        """Sense, spoil, settle and send one point."""
        rng = self.streams.rng("remote", self.grid.season, point)
        story = self.story.get(point, "")
        series = self._sense(point, story, rng)
        low, high = (int(np.searchsorted(series.read_s, self.grid.start_s + h * 3600)) for h in (self.low, self.high))
        if high - low < 48:
            return
        self._silence_around_move(point, series)
        volts = np.round(3.64 - 0.08 * np.arange(self.grid.days + 1) / self.grid.days, 2)
        if story == "low_battery":
            volts = np.round(np.interp(np.arange(self.grid.days + 1), [self.low / 24, self.high / 24], [3.3, 2.5]), 2)
            below = np.flatnonzero(volts[series.day] < _LOW_BATTERY_V)
            if len(below):
                self._write_down(point, story, series, int(below[0]), len(series.day))
        if story in ("fahrenheit", "drift", "stuck", "silent"):
            self._tell(point, story, series, low, high, rng)
        if point in self.long:
            self._tell_long(point, series)
        calm = story not in ("dense", "jitter") and self.points.resolution[point] < 1
        self._short_plants(point, series, low, high, rng, calm)
        edges = (self.window.start_s, self.window.end_s)
        series.settle(*edges)
        sent = send_series(
            self.log,
            point,
            series,
            rng,
            edges,
            jitter_s=40 if story == "jitter" else 0,
            volts_by_day=volts,
            repeats=int(self.plan["duplicate"][point]),
            known=known,
        )
        if story in ("dense", "jitter", "low_battery"):
            self.tally[story + "_points"] += 1
        self.tally["burst_points"] += point in self.bursts
        if len(sent):
            self._second_sendings(point, series, sent, rng, known, jittery=story == "jitter")

    def _sense(self, point: int, story: str, rng: np.random.Generator) -> Series:
        """What the sensor reads: room, place of the sensor, noise that never stands still."""
        grid, points = self.grid, self.points
        at_s, interval, fine = self._moments(point, story, rng)
        hour, day = at_s // 3600, at_s // DAY_S
        valid = points.valid(np.full(len(day), point), grid.first_day + day)
        at_s, hour, day, interval, fine = (column[valid] for column in (at_s, hour, day, interval, fine))
        home = points.household_on(np.full(len(day), point), grid.first_day + day)
        noise = np.convolve(rng.normal(0, 0.055, len(day) + 11), np.exp(-np.arange(12) / 4.0), mode="valid")[: len(day)]
        second_probe = any(point == b for _, b in points.twins)
        value = self.rooms.at(grid.season, home, hour) + noise + rng.normal(0, 0.15) + 2.0 * second_probe
        coarse = bool(points.resolution[point] >= 1)
        tenths = np.rint(value) * 10 if coarse else np.rint(value * 10)
        phase = int(rng.integers(5, 1700))
        series = Series(grid.start_s + at_s + phase, day, interval, tenths.astype(np.int64), grid.start_s, coarse)
        # Nothing else goes wrong among readings of every five minutes: rules speak of degrees an hour.
        beside = np.convolve(np.append(fine, False), np.ones(25), mode="same")[: len(fine)] > 0
        series.busy |= beside
        series.guarded |= beside
        return series

    def _moments(self, point: int, story: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When a sensor reads, in seconds of the season, its interval in minutes, and whether that is every five minutes."""
        hours = np.arange(self.grid.hours)
        begin = self.low + int(rng.integers(0, max(1, (self.high - self.low) // 2)))
        if story == "dense":
            half = hours[(hours >= begin) & (hours < begin + 45 * 24)] * 3600 + 1800
            at_s = np.sort(np.concatenate([hours * 3600, half]))
            return at_s, np.where(np.isin(at_s // 3600, half // 3600), 30, 60), np.zeros(len(at_s), dtype=bool)
        first = (begin // 24 + 2) * DAY_S
        if point in self.bursts:  # a memory emptied at once: a morning of readings is all there is of the day
            days, fine_s = 1, first + 8 * 3600 + np.arange(_BURST_READINGS) * 300
        elif point == self.whole_degrees:
            days, fine_s = _FINE_DAYS, first + np.arange(_FINE_DAYS * 288) * 300
        else:
            days, fine_s = 0, np.zeros(0, dtype=int)
        hourly = hours * 3600
        hourly = hourly[(hourly < first) | (hourly >= first + days * DAY_S)]
        at_s = np.sort(np.concatenate([hourly, fine_s[fine_s < self.grid.hours * 3600]]))
        fine = np.isin(at_s, fine_s)
        return at_s, np.where(fine, 5, 60), fine

    def _silence_around_move(self, point: int, series: Series) -> None:
        """A moved device is off from ten in the morning before to ten in the morning of its first day."""
        if point in self.points.moves:
            day, _ = self.points.moves[point]
            off = (series.read_s >= local_s(day - 1, 10)) & (series.read_s < local_s(day, 10))
            if off.any():
                series.state[off], series.busy[off] = LOST, True
                self.tally["moved_devices"] += 1

    def _tell_long(self, point: int, series: Series) -> None:
        fault = self.long[point]
        planted = plant_long(fault, series, self.streams.rng("remote", self.grid.season, "long fault", point))
        if planted is not None:
            self._write_down(point, fault.kind, series, *planted, fault.size_degc)

    def _write_down(self, point: int, kind: str, series: Series, first: int, last: int, size: float = 0.0) -> None:
        moments = int(series.read_s[first]), int(series.read_s[last - 1]) + 3600
        self.faults.append(fault_row(str(self.points.ids[point]), kind, *moments, size))

    def _tell(self, point: int, story: str, series: Series, low: int, high: int, rng: np.random.Generator) -> None:
        room = (high - low) // 3
        length = {
            "fahrenheit": int(rng.integers(48, 170)),
            "drift": 50,
            "stuck": int(rng.integers(31, 110)),
            "silent": int(rng.integers(14 * 24, 32 * 24)),
        }[story]
        length = min(length, room - 20)
        if len(self.points) < _FEW_POINTS and story in ("fahrenheit", "drift"):
            low, high = (low, low + room) if story == "fahrenheit" else (low + room, low + 2 * room)
        begin = series.find(rng, length, 8, low, high)
        if begin is None:
            return
        self.tally[story + "_points"] += 1
        self._write_down(point, story, series, begin, begin + length)
        span = slice(begin, begin + length)
        if story == "fahrenheit":
            series.state[span] = RANGE
            series.sent[span] = np.rint(series.tenths[span] * 1.8 + 320)
            self.tally["fahrenheit_rows"] += length
        elif story == "drift":
            series.state[span] = RANGE
            series.sent[span] = np.linspace(430, 3940, length).astype(int) // 10 * 10 + 3
            self.tally["drift_rows"] += length
        elif story == "stuck" and length >= 30:
            series.plant_stuck(begin, length)
            self.tally["stuck_readings"] += length
        elif story == "silent":
            series.state[span] = LOST

    def _short_plants(self, point: int, series: Series, low: int, high: int, rng: np.random.Generator, calm: bool) -> None:
        for name in ("window", "spike") if calm else ():
            for _ in range(int(self.plan[name][point])):
                length = int(rng.integers(1, 3)) if name == "window" else 1
                at = series.find(rng, length, _MARGIN[name], low, high)
                hour = (series.read_s[at] - series.start_s) % DAY_S // 3600 if at is not None else 0
                if at is None or not 6 <= hour <= 20:
                    continue
                if name == "window":
                    series.plant_window(at, length, int(rng.integers(33, 45)))
                else:
                    series.plant_spike(at, int(rng.integers(115, 130)) * (1 if series.tenths[at - 1] < 265 else -1))
                self.tally[name + "_readings"] += length
        for name in ("lost", "replayed", "healed", "error_code", "missing_value", "conflict"):
            if name == "conflict" and self.story.get(point) == "jitter":
                continue
            for _ in range(int(self.plan[name][point])):
                self._plant_rows(name, point, series, low, high, rng)

    def _plant_rows(self, name: str, point: int, series: Series, low: int, high: int, rng: np.random.Generator) -> None:
        length = {
            "lost": int(rng.integers(1, 9)),
            "replayed": int(rng.integers(1, 7)),
            "error_code": int(rng.integers(1, 4)),
        }.get(name, 1)
        begin = series.find(rng, length, 2, low, high)
        if begin is None:
            return
        code = int(rng.choice(ERROR_CODES_TENTHS))
        newest = int(series.read_s[begin + length - 1])
        if name == "lost":
            series.state[begin : begin + length] = LOST
        elif name == "replayed":
            series.state[begin : begin + length] = REPLAYED
            series.replays.append((begin, length, newest + int(rng.integers(6 * 3600, 6 * DAY_S))))
        elif name == "healed":
            series.plant_codes(begin, 1, HEALED, code)
            series.replays.append((begin, 1, newest + int(rng.integers(6 * 3600, 2 * DAY_S))))
        elif name == "error_code":
            series.plant_codes(begin, length, ERROR, code)
        elif name == "missing_value":
            series.plant_codes(begin, 1, ZERO, 0)
        else:
            series.state[begin] = CONFLICT

    def _second_sendings(
        self, point: int, series: Series, sent: np.ndarray, rng: np.random.Generator, known: bool, *, jittery: bool
    ) -> None:
        """Replays of what was lost and of what had already come, contradictions, and packets with a broken clock."""
        unknown = "" if known else "unknown_point"
        start_s, end_s = self.window.start_s, self.window.end_s

        def add(
            recv: int,
            begin: int,
            length: int,
            tenths: np.ndarray,
            reason: str,
            pack_s: int | None = None,
            read_s: np.ndarray | None = None,
        ) -> bool:
            if not start_s <= recv < end_s:
                return False
            rows = series.read_s[begin : begin + length] if read_s is None else read_s
            self.log.add_one(point, recv, rows, tenths, reason or unknown, pack_s, int(series.interval[begin]))
            return True

        for begin, length, arrival in series.replays:
            tenths = series.tenths[begin : begin + length]
            newest = int(series.read_s[begin + length - 1])
            if add(arrival, begin, length, tenths, "", newest):
                self.tally["replayed_readings"] += length
        for at in np.flatnonzero(series.state == CONFLICT).tolist():
            if start_s <= series.read_s[at] < end_s:
                add(int(series.read_s[at]), at, 1, series.sent[at : at + 1] + 13, unknown or "conflicting_duplicate")
        calm = sent[(series.state[sent] == 0) & ~series.guarded[sent]]
        for _ in range(0 if jittery else int(self.plan["stale_replay"][point])):
            at = int(rng.choice(calm))
            arrival = int(series.read_s[at]) + int(rng.integers(3 * 3600, 9 * DAY_S))
            other = 4 if rng.random() < 0.3 else 0
            value = series.tenths[at : at + 1] + other
            value += value == 180
            if add(arrival, at, 1, value, "", int(series.read_s[at])):
                self.tally["stale_replays_other_value" if other else "stale_replays_same_value"] += 1
        for name, reason in (("future", "time_after_arrival"), ("epoch", "time_too_old")):
            for _ in range(int(self.plan[name][point])):
                at = int(rng.choice(calm))
                arrival = int(series.read_s[at]) + int(rng.integers(60, 1500))
                wrong = arrival + 2 * DAY_S if name == "future" else 8 * 3600 + at
                add(arrival, at, 1, series.tenths[at : at + 1], reason, wrong, np.array([wrong]))


def build_remote(rooms: Rooms, points: Points, streams: Streams, window: Window) -> RemoteFeed:
    """All packets of the remote points whose arrival lies in the window."""
    log, tally, faults = PacketLog(), Counter[str](), list[dict[str, object]]()
    for name in points.ids.tolist():
        log.device(name)
    for grid in rooms.grids:
        season = _Season(rooms, points, streams, window, grid, log, tally)
        if not season.runs:
            continue
        for point in range(len(points)):
            registered = local_s(int(points.recorded_day[point]) + 1) <= window.end_s
            season.run(point, registered)
        faults += season.faults
        _strangers(log, season, streams.rng("remote", grid.season, "strangers"), tally)
    if not log.packets:
        raise ValueError("the window holds no day on which remote points run")
    packets, readings = log.joined()
    return RemoteFeed(np.array(log.devices), packets, readings, dict(tally), faults)


def _strangers(log: PacketLog, season: _Season, rng: np.random.Generator, tally: Counter[str]) -> None:
    """Devices that no register knows; one reading of each is an error code too: two defects, counted by the first."""
    for i in range(season.rooms.network.size.some(4)):
        device = log.device(f"R9{season.grid.season}{i:03d}")
        room = (season.high - season.low) // 3
        hours = min(70, room - 2)
        begin = season.high - room + int(rng.integers(0, room - hours))
        read_s = season.grid.start_s + (begin + np.arange(hours)) * 3600 + 1234
        tenths = 205 + rng.integers(-6, 7, hours)
        reason = np.full(hours, reason_code("unknown_point"))
        tenths[hours // 2], reason[hours // 2] = ERROR_CODES_TENTHS[1], reason_code("error_code")
        log.add(device, read_s, np.ones(hours, dtype=int), np.full(hours, 60), read_s, tenths, reason)
        tally["rows_with_two_defects"] += 1
