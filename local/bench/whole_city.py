"""A day of a city with a sensor in every home: 270,000 homes, six readings an hour, from landing files to published marts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from local.bench.city import MeasuredCity
from local.bench.ground import load, run_apart
from local.bench.loading import copy
from local.bench.made import Readings
from local.bench.measured import Measured
from tests.support.world import START, World

FIRST_DAY, DAYS = datetime(2017, 1, 10), 4
MINUTES_GOAL, COPY_ROWS_A_SECOND = 4.0, 590_000
"""Minutes on a machine where psql \\copy into a bare heap runs at this speed; elsewhere in proportion."""
GIB_GOAL, BYTES_GOAL = 6.0, 8.0


def day(folder: Path, size: float) -> Iterator[Measured]:
    """The registers and records of the simulated city stand and are published; then comes the first day of its sensors, and one
    that has days before it, as all the others have.
    """
    with MeasuredCity.made(folder / "city", size) as city:
        city.tell(START, FIRST_DAY + timedelta(days=DAYS))
        homes = city.measure_homes(FIRST_DAY, minutes=10)
        city.warehouse.build()
        for nth in range(DAYS):
            readings = Readings(homes, packets=24, a_packet=6, minutes=10, since=FIRST_DAY + timedelta(days=nth))
            come = readings.since + timedelta(hours=1)
            pull_id = city.land(readings, come, come + timedelta(days=1))
            if nth in (0, DAYS - 1):
                yield from _measured("first day" if nth == 0 else "day", city, homes, readings.rows, pull_id)
            else:
                load("remote_points", pull_id)
                if nth == DAYS - 2:
                    run_apart("one_build")
        lake = sum(file.stat().st_size for file in city.lake.rglob("*.parquet"))
    yield Measured(
        "a whole city's days, bytes a reading", lake / readings.rows / DAYS, BYTES_GOAL, f"{lake >> 20:,} MiB", at_most=True
    )


def _measured(what: str, city: MeasuredCity, homes: int, landed: int, pull_id: int) -> Iterator[Measured]:
    """A day from its landing files to published marts."""
    with Memory(city.world) as memory:
        loaded = load("remote_points", pull_id)
        built = run_apart("one_build")
    seconds, rows = copy(city.world.instance.server, "city", city.home)
    whole, speed = loaded.seconds + built["seconds"], rows / seconds
    allowed = MINUTES_GOAL * 60 * COPY_ROWS_A_SECOND / speed * landed / 38_880_000
    slow = ", ".join(f"{node.rpartition('.')[2]} {taken:.0f} s" for taken, node in built["slow"][:5])
    took = (
        f"{loaded.rows:,} readings of {homes:,} homes: loaded in {loaded.seconds:.0f} s"
        f" ({loaded.rows / loaded.seconds:,.0f} rows/s),"
        f" built in {built['steps']['build']:.0f} s ({slow}), published in {built['steps']['publish']:.0f} s; {whole:.0f} s of"
        f" {allowed:.0f} (\\copy {speed:,.0f} rows/s)"
    )
    held = f"{memory.peak_gib:.1f} GiB; the load {loaded.peak_mib} MiB, the build {built['peak_mib']} MiB"
    yield Measured(f"a whole city's {what}, share of the time it may take", whole / allowed, 1.0, took, at_most=True)
    yield Measured(f"a whole city's {what}, share of 6 GiB over all processes", memory.peak_gib / GIB_GOAL, 1.0, held, at_most=True)


class Memory:
    """The most that all processes of the measurement had together, each page once (PSS)."""

    def __init__(self, world: World) -> None:
        self._world, self.peak_gib, self._done = world, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._done.wait(0.5):
            ours = [*psutil.Process().children(recursive=True), *self._world.instance.server.processes()]
            total = 0
            for process in {process.pid: process for process in ours}.values():
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:  # it ended while we looked
                    continue
            self.peak_gib = max(self.peak_gib, total / 2**30)
