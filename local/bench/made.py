"""Readings to measure with: packets of remote points as a collector sends them, and the same as lines of CSV; made by DuckDB."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

POINT = "'P' || lpad(cast(p as text), 6, '0')"
BROKEN = 500
"""One reading of so many is an error code, none, or no temperature of a room."""


@dataclass(frozen=True)
class Readings:
    """`points` send from `since` on `packets` packets of `a_packet` readings, `minutes` apart. `sent`: when lines of CSV came,
    where that was much later."""

    points: int
    packets: int
    a_packet: int
    minutes: int
    since: datetime
    sent: datetime | None = None

    @property
    def rows(self) -> int:
        return self.points * self.packets * self.a_packet

    def write_packets(self, target: Path) -> Path:
        """gzip JSON lines, newest reading of a packet first."""
        self._write(target, "format json, compression gzip", self._packets)
        return target

    def write_csv(self, target: Path) -> Path:
        """Lines of point, read_at, sent_at, temperature, battery."""
        self._write(target, "format csv, header", self._lines)
        return target

    def _packets(self, packet: int) -> str:
        temperatures = ", ".join(_temperature(packet, str(nth)) for nth in range(self.a_packet))
        return (
            f'select {POINT} as "devId", {_time(self._received(packet))} as "recvTime", \'00000000000000\' as "packTime",'
            f' {self.minutes} as "interval", [{temperatures}] as temps, 3.6 as bat, 0 as hist from range({self.points}) as point(p)'
        )

    def _lines(self, packet: int) -> str:
        received = self._received(packet)
        read = f"{received} - to_minutes(cast(nth * {self.minutes} as int))"
        sent = f"timestamp '{self.sent}' + to_seconds(p % 3600)" if self.sent else received
        return (
            f"select {POINT} as point, {_time(read)} as read_at, {_time(sent)} as sent_at,"
            f" {_temperature(packet, 'nth')} as temperature, 3.6 as battery"
            f" from range({self.points}) as point(p), range({self.a_packet}) as reading(nth)"
        )

    def _received(self, packet: int) -> str:
        """A packet comes when its last reading was made, each point at a second of its own."""
        return f"timestamp '{self.since}' + to_minutes({(packet + 1) * self.a_packet * self.minutes}) + to_seconds(p % 3600)"

    def _write(self, target: Path, options: str, query: Callable[[int], str]) -> None:
        """Packet by packet in time, so that no query holds more than one round of them."""
        piece = target.with_suffix(".piece")
        with duckdb.connect() as database, target.open("wb") as whole:
            for packet in range(self.packets):
                told = options if packet == 0 else options.replace(", header", ", header false")
                database.execute(f"copy ({query(packet)}) to '{piece}' ({told})")
                with piece.open("rb") as made:
                    shutil.copyfileobj(made, whole)
        piece.unlink()


def _time(moment: str) -> str:
    return f"strftime({moment}, '%Y-%m-%d %H:%M:%S')"


def _temperature(packet: int, nth: str) -> str:
    """In tenths: a point's own level, a slow wave over the day, a tenth of noise as a hash has it; the same in every run."""
    drawn = f"hash(p, {packet}, {nth})"
    broken = f"[-1010.0, 85.0, 0.0, 55.0][1 + cast({drawn} // {BROKEN} % 4 as int)]"
    level = f"20 + (hash(p) % 31) / 10.0 + sin(({packet} - {nth} / 6.0) / 3.8) / 2 + ({drawn} % 2) / 10.0"
    return f"case when {drawn} % {BROKEN} = 0 then {broken} else round({level}, 1) end"
