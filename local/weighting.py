"""Is the weighted estimate of room compliance nearer to the true state of all rooms than the raw figure?

`python -m local.weighting`: five days of each season, spread over it, season to date, whole company, as published in the demo;
with `--city FOLDER` as the truth of a built city has it (the demo proves that both are the same). Beside the headline belongs only
an estimate that is nearer on four of five days of every season; ends with 1 when it is not.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import psycopg

from local.instance import DEFAULT_HOME, Instance

DAYS, ENOUGH = 5, 4

Figures = Mapping[tuple[str, str], tuple[float, float | None]]
"""season, heating_date -> raw and weighted percent of the company to date"""


@dataclass(frozen=True)
class Day:
    """One day of a season: the true percent so far, and what raw and weighted figure say."""

    season: str
    heating_date: str
    true: float
    raw: float
    weighted: float | None

    @property
    def is_nearer(self) -> bool:
        """An estimate that is not there is not nearer."""
        return self.weighted is not None and abs(self.weighted - self.true) < abs(self.raw - self.true)


def chosen_days(figures: Figures, true: Mapping[tuple[str, str], float]) -> list[Day]:
    """The last day of each fifth of each season's published days."""
    days = []
    for season in sorted({season for season, _ in figures}):
        known = sorted(day for of, day in figures if of == season and (of, day) in true)
        for nth in range(1, DAYS + 1):
            day = known[round(nth * len(known) / DAYS) - 1]
            days.append(Day(season, day, true[season, day], *figures[season, day]))
    return days


def is_shown(days: list[Day]) -> bool:
    """Nearer on four of five days of every season."""
    seasons = {day.season for day in days}
    return bool(seasons) and all(sum(d.is_nearer for d in days if d.season == season) >= ENOUGH for season in seasons)


def published(url: str) -> Figures:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select season, heating_date::text, percent, weighted_percent from marts.room_compliance"
            " where unit_kind = 'company' and period = 'to_date' and point_kind = 'all' and percent is not null"
        ).fetchall()
    return {(season, day): (raw, weighted) for season, day, raw, weighted in rows}


def of_city(folder: Path) -> Figures:
    weighted = {
        (row["season"], row["heating_date"]): float(row["weighted_percent"])
        for row in _rows(folder / "truth" / "weighted_rooms.csv")
        if (row["unit_kind"], row["period"]) == ("company", "to_date")
    }
    return {
        key: (100 * int(row["complying_household_days"]) / int(row["judged_household_days"]), weighted.get(key))
        for row in _rows(folder / "truth" / "room_compliance.csv")
        if (row["unit_kind"], row["period"], row["point_kind"]) == ("company", "to_date", "all")
        for key in [(row["season"], row["heating_date"])]
    }


def true_state(folder: Path) -> dict[tuple[str, str], float]:
    """Share of all household-days so far that were warm enough, measured or not."""
    return {
        (row["season"], row["heating_date"]): 100 * int(row["warm_household_days"]) / int(row["household_days"])
        for row in _rows(folder / "truth" / "true_state_to_date.csv")
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@click.command()
@click.option("--home", type=click.Path(path_type=Path), envvar="HEARTH_HOME", default=DEFAULT_HOME, help="the demo's folder")
@click.option("--city", type=click.Path(path_type=Path, exists=True), default=None, help="a built city instead of a running demo")
def main(home: Path, city: Path | None) -> None:
    """Hold raw and weighted figure against the true state."""
    instance = Instance(home=home)
    figures = of_city(city) if city else published(instance.warehouse_url("reader"))
    days = chosen_days(figures, true_state(city or instance.city))
    for day in days:
        weighted = "none" if day.weighted is None else f"{day.weighted:.3f}"
        verdict = "nearer" if day.is_nearer else "farther"
        click.echo(f"{day.season} to {day.heating_date}: true {day.true:.3f}  raw {day.raw:.3f}  weighted {weighted}  {verdict}")
    shown = is_shown(days)
    click.echo(
        "beside the headline" if shown else f"not beside the headline: nearer on fewer than {ENOUGH} of {DAYS} days of a season"
    )
    sys.exit(0 if shown else 1)


if __name__ == "__main__":
    main()
