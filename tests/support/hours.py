"""A feed of readings whose batches are hours of one day, loaded, replaced and merged without its source."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hearth.contracts.entities import ENTITIES
from hearth.keeping import retention
from hearth.lake import catalogue
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake
from hearth.lake.merge import Done, merge
from hearth.landing.store import LandingStore
from hearth.warehouse.connections import connect
from tests.support.company import Company

ENTITY = ENTITIES["room_reading"]
DAY = datetime(2015, 11, 3, 16, tzinfo=UTC)
"""The local day 2015-11-04 begins."""
SETTLED = DAY + timedelta(days=4)
Row = tuple[int, str, datetime, float]
_feeds = itertools.count(1)


@dataclass
class Hours:
    """A feed whose batches are hours of one local day, and the rows it knows to stand: (batch, point, time, value)."""

    company: Company
    feed: str = field(default_factory=lambda: f"hours_{next(_feeds)}")
    stands: dict[int, tuple[int, int, list[Row]]] = field(default_factory=dict)
    """batch_id -> (first hour, hour of its end, rows)."""
    values: Iterator[int] = field(default_factory=itertools.count)

    def load(self, first: int, end: int, number: int = 3, beside: bool = False) -> int:
        """A pull of these hours takes the place of those within; `beside`: a replay, which does not."""
        made = [
            {"point_id": f"R{n % 2}", "point_kind": "fixed", "temperature_degc": float(next(self.values)),
             "read_at": DAY + timedelta(hours=first, minutes=7 * n)}
            for n in range(number)
        ]  # fmt: skip
        asked = DAY + timedelta(hours=first), DAY + timedelta(hours=end)
        batch = self.company.load("room_reading", made, self.feed, asked)
        gone = [] if beside else [old for old, (a, b, _) in self.stands.items() if first <= a and b <= end]
        for old in gone:
            self.company.run("insert into ledger.supersession (batch_id, by_batch_id) values (%s, %s)", old, batch)
            del self.stands[old]
        rows = [(batch, row["point_id"], row["read_at"], row["temperature_degc"]) for row in made]
        self.stands[batch] = first, end, rows
        return batch

    def merge(self) -> Done:
        return merge("test", SETTLED, "loader", lambda line: None, self.feed)

    @property
    def rows(self) -> list[Row]:
        return sorted(row for _, _, rows in self.stands.values() for row in rows)

    @property
    def files(self) -> list[catalogue.ReadingFile]:
        with connect("engineer") as connection:
            found = catalogue.current(connection, "room_reading", self.feed)
        return sorted(found, key=lambda file: [int(number) for number in re.findall(r"\d+", Path(file.path).name)])

    def read(self, since: datetime | None = None, until: datetime | None = None) -> list[Row]:
        """What readers are shown; with times whatever they ask, cut to them."""
        with connect("engineer") as connection, engine() as database:
            show(database, ENTITY, catalogue.current(connection, "room_reading", self.feed, since, until), Lake())
            asked = "read_at >= coalesce($1, '-infinity'::timestamptz) and read_at < coalesce($2, 'infinity'::timestamptz)"
            query = f"select batch_id, point_id, read_at, temperature_degc from room_reading where {asked}"
            return sorted(database.execute(query, [since, until]).fetchall())


def sweep() -> None:
    """What retention does three days from now."""
    (rule,) = (rule for rule in retention.rules_on(SETTLED.date()) if rule.subject == "reading_file")
    retention.apply(retention.due(rule, datetime.now(UTC) + timedelta(days=3)), "test", LandingStore())
