"""How the systems' readings travel to the dispatch centre, and what goes wrong with single rows on the way.

Day by day: a day's readings are taken, spoiled, and either sent at once or kept for the day on which they arrive.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from city.calendar import DAY_S, Window
from city.streams import pick_distinct
from city.telemetry.systems import CHANNELS, PLACE

REASONS = ("", "time_after_arrival", "conflicting_duplicate")
BAD = ("", "error_code", "out_of_range")
SENTINEL = -39.9
ABSURD_POWER = 8_000_001.0
# Expected defects a row; with few rows a day most days have none of a kind.
_PER_ROW = {
    "lost": 2.0e-3,
    "late": 1.5e-3,
    "sentinel": 4e-4,
    "absurd_power": 2e-4,
    "absurd_water": 1e-4,
    "duplicate": 5e-4,
    "conflict": 1e-4,
    "future": 1e-4,
}
# Chance that a system's readings of a day are exported once more, columns in another order.
_EXPORTED_AGAIN = 0.006
SENTINEL_CHANNELS = ("t1s", "t1r", "t2s", "t2r")
CANONICAL = {
    PLACE["t1s"]: "primary_supply_degc",
    PLACE["t1r"]: "primary_return_degc",
    PLACE["t2s"]: "secondary_supply_degc",
    PLACE["t2r"]: "secondary_return_degc",
    PLACE["pw"]: "heat_kw",
}
"""What the company calls the channels that go wrong here."""


@dataclass
class Rows:
    """Rows as they are sent; `other_order`: the record lists its columns in another order.

    `bad`: why the value in the channel at `bad_place` cannot be used; the row is sound but for it.
    """

    system: np.ndarray
    read_s: np.ndarray
    arrival_s: np.ndarray
    values: np.ndarray
    reason: np.ndarray
    bad: np.ndarray
    bad_place: np.ndarray
    duplicate: np.ndarray
    other_order: np.ndarray
    replay: np.ndarray

    def __len__(self) -> int:
        return len(self.system)

    def take(self, chosen: np.ndarray) -> Rows:
        return Rows(**{name: column[chosen] for name, column in self.__dict__.items()})

    def but(self, **columns: object) -> Rows:
        """The same rows with other values in some columns."""
        made = {name: column.copy() for name, column in self.__dict__.items()}
        for name, value in columns.items():
            made[name] = np.broadcast_to(np.asarray(value, dtype=made[name].dtype), made[name].shape).copy()
        return Rows(**made)


def joined(parts: list[Rows]) -> Rows:
    names = list(parts[0].__dict__)
    return Rows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def plain_rows(values: np.ndarray, read_s: np.ndarray) -> Rows:
    """One row for each system and time, arriving seconds after it is read."""
    systems, times = values.shape[:2]
    count = systems * times
    system = np.repeat(np.arange(systems), times)
    moments = np.tile(read_s, systems)
    return Rows(
        system=system,
        read_s=moments,
        arrival_s=moments + 3 + system * 7 % 41,
        values=values.reshape(count, len(CHANNELS)),
        reason=np.zeros(count, dtype=np.uint8),
        bad=np.zeros(count, dtype=np.uint8),
        bad_place=np.zeros(count, dtype=np.uint8),
        duplicate=np.zeros(count, dtype=bool),
        other_order=np.zeros(count, dtype=bool),
        replay=np.zeros(count, dtype=bool),
    )


@dataclass
class Post:
    """What is on its way: rows by the local day they arrive on, and what was planted in them."""

    window: Window
    tally: Counter[str] = field(default_factory=Counter)
    _waiting: dict[int, list[Rows]] = field(default_factory=dict)

    def send(self, rows: Rows) -> None:
        day = (rows.arrival_s - self.window.start_s) // DAY_S
        for number in np.unique(day).tolist():
            self._waiting.setdefault(int(number), []).append(rows.take(day == number))

    def arriving(self, day: int) -> Rows | None:
        """Rows of the day with this number from the window's start, in order of arrival; None when there are none."""
        parts = self._waiting.pop(day, None)
        if parts is None:
            return None
        rows = joined(parts)
        return rows.take(np.argsort(rows.arrival_s, kind="stable"))


def spoil(rows: Rows, flicker: np.ndarray, calm: np.ndarray, paired: np.ndarray, rng: np.random.Generator, post: Post) -> Rows:
    """Send a day's rows with their defects; returns those that reach the company, sound but for their bad channels.

    `flicker`: rows in which an instrument sends its sentinel for days; `calm`: rows in which something may go wrong; `paired`: rows
    whose temperatures are needed, as nothing else would tell whether they are changed over.
    """
    counts = {name: int(rng.poisson(rate * len(rows))) for name, rate in _PER_ROW.items()}
    picks = pick_distinct(rng, np.flatnonzero(calm), counts)
    picks |= {name: picks[name][~paired[picks[name]]] for name in ("sentinel", "absurd_water")}
    _sentinels(rows, np.flatnonzero(flicker), rng, kept_channel=True)
    _sentinels(rows, picks["sentinel"], rng)
    for name, channel, wrong in (("absurd_power", "pw", ABSURD_POWER), ("absurd_water", "t2s", 127.9)):
        rows.values[picks[name], PLACE[channel]] = wrong
        rows.bad[picks[name]], rows.bad_place[picks[name]] = BAD.index("out_of_range"), PLACE[channel]
    rows.reason[picks["conflict"]] = REASONS.index("conflicting_duplicate")
    rows.arrival_s[picks["late"]] += rng.integers(3 * 3600, 8 * DAY_S, len(picks["late"]))
    rows.replay[picks["late"]] = True
    sent = np.ones(len(rows), dtype=bool)
    sent[picks["lost"]] = False
    kept = rows.take(sent)
    post.send(kept)
    post.tally["late_replays"] += len(picks["late"])
    _sent_besides(rows, picks, rng, post)
    return kept.take((kept.reason == 0) & post.window.holds(kept.arrival_s))


def _sentinels(rows: Rows, which: np.ndarray, rng: np.random.Generator, *, kept_channel: bool = False) -> None:
    """-39.9 stands for a value; of a broken instrument always in the same channel."""
    drawn = rng.integers(0, len(SENTINEL_CHANNELS), len(which))
    drawn = rows.system[which] % len(SENTINEL_CHANNELS) if kept_channel else drawn
    place = np.array([PLACE[name] for name in SENTINEL_CHANNELS])[drawn]
    rows.values[which, place] = SENTINEL
    rows.bad[which], rows.bad_place[which] = BAD.index("error_code"), place


def _sent_besides(rows: Rows, picks: dict[str, np.ndarray], rng: np.random.Generator, post: Post) -> None:
    """Second sendings: the same row twice, contradictions, times from the future, days exported once more."""
    again = rows.take(picks["duplicate"])
    post.send(again.but(duplicate=True))
    other = rows.take(picks["conflict"])
    changed = other.values.copy()
    changed[:, PLACE["t2s"]] = np.round(changed[:, PLACE["t2s"]] - 1.3, 1)
    other.values = changed
    post.send(other)
    future = rows.take(picks["future"])
    post.send(future.but(read_s=future.read_s + 2 * DAY_S, reason=REASONS.index("time_after_arrival")))
    exported = rng.random(int(rows.system.max()) + 1) < _EXPORTED_AGAIN
    whole = rows.take(exported[rows.system] & (rows.reason == 0) & (rows.bad == 0) & ~rows.replay)
    lost = np.isin(whole.system * DAY_S + whole.read_s % DAY_S, _keys(rows, picks["lost"]))
    whole = whole.take(~lost)
    if len(whole):
        delay = rng.integers(6 * 3600, 3 * DAY_S)
        post.send(whole.but(arrival_s=whole.arrival_s + delay, other_order=True))
        post.tally["rows_exported_again"] += len(whole)


def _keys(rows: Rows, which: np.ndarray) -> np.ndarray:
    return rows.system[which] * DAY_S + rows.read_s[which] % DAY_S
