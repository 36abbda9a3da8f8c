"""The city in other pieces and in another order: the same rows, the same marts, and both again from the landing files alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.contracts.entities import ENTITIES
from tests.support.agreed_marts import OF_HEATING
from tests.support.publishing import newest_hash
from tests.support.world import END, START, Warehouse, World, feeds_in_order

pytestmark = pytest.mark.servers

Piece = tuple[str, datetime, datetime]


def pieces(feed: str, rng: random.Random) -> list[Piece]:
    """The city's time in two or three intervals of random length, and one of them again."""
    days = sorted(rng.sample(range(1, (END - START).days), rng.randint(1, 2)))
    cut = [(feed, start, end) for start, end in pairwise([START, *(START + timedelta(days=day) for day in days), END])]
    return [*cut, rng.choice(cut)]


def shuffled(parcels: list[Piece], rng: random.Random) -> list[Piece]:
    return rng.sample(parcels, len(parcels))


def is_register(feed: str) -> bool:
    return feed.startswith("register_")


@pytest.fixture(scope="module")
def piecewise(world: World) -> Iterator[Warehouse]:
    """Three builds: the register and some pieces first, late pieces of closed days after that; a row was waived before the last."""
    rng = random.Random(9)
    known = [piece for feed in feeds_in_order() if is_register(feed) for piece in shuffled(pieces(feed, rng), rng)]
    parcels = shuffled([piece for feed in feeds_in_order() if not is_register(feed) for piece in pieces(feed, rng)], rng)
    third = len(parcels) // 3
    made = world.open("piecewise")
    with made.active():
        for number, parcel in enumerate((known + parcels[:third], parcels[third : 2 * third], parcels[2 * third :])):
            for feed, start, end in parcel:
                made.load(feed, start, end)
            if number == 2:
                made.load("weather", START, END)  # one long interval takes the place of the short ones
                waive_a_row(made)
            assert made.build() is not None
        yield made


def waive_a_row(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url) as owner:
        owner.execute(
            "insert into quarantine.act (feed, file_sha256, position, sub_position, act, who, why)"
            " select feed, file_sha256, position, sub_position, 'waived', 'auditor', 'looked at'"
            " from quarantine.row_open order by 1, 2, 3, 4 limit 1"
        )


def rows_of_raw(warehouse: Warehouse) -> dict[str, list[tuple]]:
    """All rows that stand, without the ids of batches, files and positions."""
    found = {}
    for name, entity in ENTITIES.items():
        columns = ("feed", "arrived_at", "source_version", *entity.content_columns)
        rows = sorted(warehouse.accepted(name), key=lambda row: tuple(str(row[column]) for column in entity.raw_key))
        found[name] = [tuple(row[column] for column in columns) for row in rows]
    return found


def rows_of_marts(warehouse: Warehouse) -> dict[str, list[tuple]]:
    return {name: warehouse.rows(f"select t.*::text from marts.{name} t order by 1") for name in OF_HEATING}


@pytest.mark.fault("F13", "F14")
@pytest.mark.parametrize("rows", [rows_of_raw, rows_of_marts])
def test_pieces_in_random_order_with_builds_between_give_the_same(
    piecewise: Warehouse, published: Warehouse, rows: Callable[[Warehouse], dict[str, list[tuple]]]
) -> None:
    mine, theirs = rows(piecewise), rows(published)
    for name in theirs:
        assert mine[name] == theirs[name], name
    builds = piecewise.rows("select full_refresh from ledger.build order by build_id")
    assert builds == [(True,), (False,), (False,)]
    doubled = piecewise.rows("select feed from ledger.batch_current where feed = 'weather'")
    assert len(doubled) == 1, "the long interval replaces the short ones"


def test_landing_files_and_acts_of_people_give_the_same_publication(
    world: World, published: Warehouse, piecewise: Warehouse, tmp_path: Path
) -> None:
    """All of it again from the landing store, into an empty warehouse; ids, times and cuts leave no trace in a publication."""
    first = newest_hash(piecewise)
    assert first == newest_hash(published)
    acts = str(tmp_path / "acts.jsonl")
    with piecewise.active():
        told = CliRunner().invoke(main, ["acts", "export", acts])
        assert (told.exit_code, told.output.split()[0]) == (0, "1")
    ((pulls,),) = piecewise.rows("select count(*) from ledger.pull")
    waived = "select feed, state from quarantine.row_state where state = 'waived'"
    with world.warehouse("second_life", Path(piecewise.variables["HEARTH_LANDING"])) as warehouse:
        told = CliRunner().invoke(main, ["restore", "--acts", acts])
        assert told.exit_code == 0, told.output
        assert f"{pulls} pulls loaded, 0 of them held; 1 acts put back" in told.output
        assert warehouse.build() is not None
        assert newest_hash(warehouse) == first
        assert warehouse.rows(waived) == piecewise.rows(waived) != []
        again = CliRunner().invoke(main, ["restore"])
        assert (again.exit_code, "restore into an empty one" in again.output) == (1, True)
