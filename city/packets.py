"""Collector packets: readings of the remote points as they travel, and the labels the truth needs beside them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from city.series import CONFLICT, EXCLUDED, HEALED, LOST, REASONS, REPLAYED, Series

REASON_NAMES = (
    "",
    "missing_value",
    "error_code",
    "time_after_arrival",
    "time_too_old",
    "out_of_range",
    "unknown_point",
    "conflicting_duplicate",
)
_REASON_CODE = {name: code for code, name in enumerate(REASON_NAMES)}
_STATE_REASON = np.array([_REASON_CODE[REASONS.get(state, "")] for state in range(11)], dtype=np.uint8)
MAX_READINGS = 6


def reason_code(name: str) -> int:
    return _REASON_CODE[name]


@dataclass
class PacketLog:
    """Packets and their readings, collected point by point and joined once at the end."""

    packets: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    readings: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    counted: int = 0

    def device(self, name: str) -> int:
        """Code of a device id, the registered points first."""
        self.devices.append(name)
        return len(self.devices) - 1

    def add(
        self,
        device: int,
        recv_s: np.ndarray,
        sizes: np.ndarray,
        interval: np.ndarray,
        read_s: np.ndarray,
        tenths: np.ndarray,
        reason: np.ndarray,
        *,
        pack_s: np.ndarray | None = None,
        volts: np.ndarray | float = 3.6,
        excluded: np.ndarray | None = None,
        repeated: np.ndarray | None = None,
    ) -> None:
        """Add packets of one device; readings in time order, `sizes` of them to each packet."""
        count, rows = len(recv_s), len(read_s)
        hist = pack_s is not None
        repeated = np.zeros(count, dtype=bool) if repeated is None else repeated
        self.packets.append(
            (
                np.full(count, device, dtype=np.int32),
                recv_s.astype(np.int64),
                np.zeros(count, dtype=np.int64) if pack_s is None else pack_s.astype(np.int64),
                interval.astype(np.int16),
                self.counted + np.cumsum(sizes) - sizes,
                sizes.astype(np.int8),
                np.broadcast_to(np.asarray(volts, dtype=np.float32), count),
                repeated,
            )
        )
        self.readings.append(
            (
                np.full(rows, device, dtype=np.int32),
                read_s.astype(np.int64),
                tenths.astype(np.int32),
                np.full(rows, hist, dtype=bool),
                np.repeat(recv_s, sizes).astype(np.int64),
                reason.astype(np.uint8),
                np.zeros(rows, dtype=bool) if excluded is None else excluded,
                np.repeat(repeated, sizes),
            )
        )
        self.counted += rows

    def add_one(
        self,
        device: int,
        recv_s: int,
        read_s: np.ndarray,
        tenths: np.ndarray,
        reason: str,
        pack_s: int | None = None,
        interval: int = 60,
    ) -> None:
        """Add a single packet."""
        self.add(
            device,
            np.array([recv_s]),
            np.array([len(read_s)]),
            np.array([interval]),
            read_s,
            tenths,
            np.full(len(read_s), reason_code(reason)),
            pack_s=None if pack_s is None else np.array([pack_s]),
        )

    def joined(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Columns of all packets and of all readings."""
        packet_names = ("device", "recv_s", "pack_s", "interval", "offset", "size", "volts", "repeated")
        reading_names = ("device", "read_s", "tenths", "hist", "arrival_s", "reason", "excluded", "repeated")
        packets = {n: np.concatenate(c) for n, c in zip(packet_names, zip(*self.packets, strict=True), strict=True)}
        readings = {n: np.concatenate(c) for n, c in zip(reading_names, zip(*self.readings, strict=True), strict=True)}
        self.packets.clear()
        self.readings.clear()
        return packets, readings


def send_series(
    log: PacketLog,
    device: int,
    series: Series,
    rng: np.random.Generator,
    edges: tuple[int, int],
    *,
    jitter_s: int,
    volts_by_day: np.ndarray,
    repeats: int,
    known: bool,
) -> np.ndarray:
    """Send a series in packets of one to six readings; returns the indices of the readings sent."""
    start_s, end_s = edges
    live = (series.state != LOST) & (series.state != REPLAYED)
    sent = np.flatnonzero(live & (series.read_s >= start_s) & (series.read_s < end_s))
    if len(sent) == 0:
        return sent
    first = _packet_starts(series, sent, rng)
    packet = np.cumsum(first) - 1
    sizes = np.bincount(packet)
    shift = rng.integers(0, jitter_s + 1, len(sizes)) if jitter_s else np.zeros(len(sizes), dtype=int)
    read_s = series.read_s[sent] + shift[packet]
    newest = np.cumsum(sizes) - 1
    state = series.state[sent]
    reason = _STATE_REASON[state]
    if not known:
        reason = np.where((reason == 0) | (reason == reason_code("conflicting_duplicate")), reason_code("unknown_point"), reason)
    repeated = np.zeros(len(sizes), dtype=bool)
    clean = np.flatnonzero(np.bincount(packet, reason != 0) == 0)
    repeated[rng.permutation(clean)[:repeats]] = True
    log.add(
        device,
        read_s[newest],
        sizes,
        series.interval[sent][newest],
        read_s,
        series.sent[sent],
        reason,
        volts=volts_by_day[series.day[sent][newest]],
        excluded=np.isin(state, EXCLUDED),
        repeated=repeated,
    )
    return sent


def _packet_starts(series: Series, sent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """True where a new packet begins: the device's rhythm, every gap, change of interval or contradicted reading."""
    habit = (1, 2, 3, 6, 0)[int(rng.integers(0, 5))]
    drawn = rng.integers(1, MAX_READINGS + 1, len(sent)) if habit == 0 else np.full(len(sent), habit)
    rhythm = np.zeros(len(sent) + MAX_READINGS, dtype=bool)
    starts = np.cumsum(drawn) - drawn
    rhythm[starts[starts < len(sent)]] = True
    first = rhythm[: len(sent)]
    lone = (series.state[sent] == CONFLICT) | (series.state[sent] == HEALED)
    breaks = (np.diff(sent) != 1) | (np.diff(series.interval[sent]) != 0) | lone[1:] | lone[:-1]
    first[1:] |= breaks
    first[0] = True
    return first
