"""Send what follows from the winters to the sources: one step of the city's build."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from city import sql
from city.calendar import Window
from city.cases import Discontent
from city.http_items import write_items
from city.network import Network
from city.planted import feed_counts
from city.rooms import Rooms
from city.sheets import Shelf
from city.streams import Streams
from city.weather import Weather
from city.works.growth import capacity_log, community_log, write_capacity, write_communities
from city.works.projects import works_log, write_works
from city.works.reception import reception_log, reception_table
from city.works.reserves import reserve_log, write_reserves
from city.works.visits import household_visit_items, household_visits


@dataclass(frozen=True)
class Given:
    """What the city has lived through when the works begin."""

    out: Path
    network: Network
    weather: Weather
    rooms: Rooms
    discontent: Discontent
    tickets: dict[str, pd.DataFrame]
    streams: Streams
    window: Window
    shelf: Shelf


@dataclass
class Works:
    """Rows sent, with their labels, by feed; and what was planted in them."""

    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    planted: dict[str, Any] = field(default_factory=dict)

    def keep(self, feed: str, rows: pd.DataFrame, other: dict[str, int] | None = None) -> None:
        self.rows[feed] = rows
        self.planted[feed] = feed_counts(rows["reason"], rows["duplicate"], other)

    def sound(self, feed: str) -> pd.DataFrame:
        rows = self.rows[feed]
        return rows[(rows["reason"] == "") & ~rows["duplicate"]]


def send_works(given: Given) -> Works:
    """Every feed of service and works."""
    works = Works()
    _send_reception(given, works)
    _send_visits(given, works)
    _send_projects(given, works)
    _send_reserves(given, works)
    _send_growth(given, works)
    return works


def _send_reception(given: Given, works: Works) -> None:
    rows = reception_log(given.network, given.discontent, given.tickets["hotline_963963"], given.streams, given.window)
    sql.write_table(given.out / "sql", "hotline.reception_log", reception_table(rows))
    works.keep("reception_days", rows)


def _send_visits(given: Given, works: Works) -> None:
    rows = household_visits(given.rooms, given.discontent, given.streams, given.window)
    write_items(given.out / "http" / "household_visits", rows["arrival_s"].to_numpy(), household_visit_items(rows))
    works.keep("household_visits", rows)


def _send_projects(given: Given, works: Works) -> None:
    rows = works_log(given.network, given.streams, given.window)
    write_works(given.shelf, rows)
    works.keep("works_projects", rows)


def _send_reserves(given: Given, works: Works) -> None:
    rows = reserve_log(given.network, given.weather, given.streams, given.window)
    write_reserves(given.shelf, rows)
    works.keep("emergency_reserves", rows)


def _send_growth(given: Given, works: Works) -> None:
    communities = community_log(given.network, given.streams, given.window)
    write_communities(given.shelf, communities)
    works.keep("new_communities", communities)
    capacity = capacity_log(given.network, given.streams, given.window)
    write_capacity(given.shelf, capacity)
    works.keep("heat_capacities", capacity)
