"""`python -m local.bench [--full] [--only NAME]`: prints each measurement beside its goal and writes build/bench.json."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import click

from local.bench import beside_dlt, beside_spark, dagbag, demo, loading, scheduler, season, whole_city
from local.bench.ground import Ground
from local.bench.measured import Measured
from local.instance import REPOSITORY

Measure = Callable[[Ground, float], Iterator[Measured]]
MEASURES: dict[str, Measure] = {
    "loading": lambda ground, size: loading.speed(ground, round(5_000_000 * size)),
    "memory": lambda ground, size: loading.memory(ground, round(5_000_000 * size), round(50_000_000 * size)),
    "day": lambda ground, size: whole_city.day(ground.folder, size),
    "season": lambda ground, size: season.season(ground.folder, size),
    "scheduler": lambda ground, size: scheduler.day(ground.folder, size),
    "dlt": lambda ground, size: beside_dlt.measured(ground, round(5_000_000 * size)),
    "spark": lambda _, size: beside_spark.measured(round(270_000 * size)),
    "dagbag": lambda ground, _: dagbag.filling(ground.folder),
    "demo": lambda ground, size: demo.whole(ground.folder, size),
}
SHORT = {"loading": 1.0, "dlt": 0.2, "memory": 0.2, "season": 0.1, "scheduler": 1.0, "dagbag": 1.0}
"""The share of the rows with which a measurement takes a few minutes at most."""
FULL = {name: 1.0 for name in MEASURES if name != "demo"}


@click.command()
@click.option(
    "--full", is_flag=True, help="all measurements but the demo, at full size; else those that take minutes, with fewer rows"
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="this one (again for more); the demo, up to an hour, runs in no other way",
)
@click.option("--size", default=1.0, show_default=True, help="share of the rows that are measured with, to try the bench itself")
def main(full: bool, only: tuple[str, ...], size: float) -> None:
    """Measure what there are goals for; the exit code is 0 where all are met.

    A measurement that breaks is told and left; those after it run, and build/bench.json has what was measured until then.
    """
    found: list[Measured] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder, Ground.made(Path(folder)) as ground:
        for name, share in (dict.fromkeys(only, 1.0) or (FULL if full else SHORT)).items():
            begun = time.monotonic()
            try:
                with mock.patch.dict(os.environ):  # one leaves its warehouse and feeds in the environment
                    for measured in MEASURES[name](ground, size * share):
                        click.echo(str(measured))
                        found.append(measured)
                        write(found)
            except (Exception, SystemExit):  # noqa: BLE001 - the others are worth an hour each
                broken.append(name)
                click.echo(f"BROKEN {name}: {traceback.format_exc()}")
            click.echo(f"{name}: {time.monotonic() - begun:.0f} s in all", err=True)
    sys.exit(0 if not broken and all(each.met for each in found) else 1)


def write(found: list[Measured]) -> None:
    """build/bench.json."""
    target = REPOSITORY / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([each.as_line() for each in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
