"""Spark makes of the same readings what DuckDB makes: the cases by hand, and what the words of both say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from hearth.contracts.entities import ENTITIES
from hearth.lake.schema import arrow_schema
from hearth.transform.engines.engine import Words, Work
from hearth.transform.engines.on_duckdb import DuckDb
from hearth.transform.engines.on_spark import Spark
from tests.support.reduction_cases import CASES, CHANGED, filed, told, work_of

pytestmark = pytest.mark.servers
ROOM = ENTITIES["room_reading"]
BERLIN = ZoneInfo("Europe/Berlin")
"""Its clocks change; those of the place do not."""


def test_the_cases_by_hand_and_no_readings_at_all(lake: Path) -> None:
    spark = Spark("local[2]")
    works = [work_of(case, spark.words) for case in CASES]
    changed = [replace(work_of(case, spark.words, CHANGED), name=f"changed_{case['name']}") for case in CASES]
    firsts = {work.entity.name: replace(work, name=f"no_{work.entity.name}", files=()) for work in works}
    made = spark.run([*works, *changed, *firsts.values()])
    expected = {case["name"]: told(case["expect"], case) for case in CASES}
    for _ in (works, changed):
        assert {case["name"]: told(next(made).read_all().to_pylist(), case) for case in CASES} == expected
    assert [len(reader.read_all()) for reader in made] == [0] * len(firsts)


def test_the_words_of_both_say_the_same_to_the_bit(lake: Path) -> None:
    """Halves and their neighbours, negative ones, instants around changes of the clock and before 1970."""
    random = np.random.default_rng(3)
    halves = np.concatenate(
        [random.integers(-50_000, 50_000, 2000) + 0.5, random.integers(-(2**40), 2**40, 500) + 0.5, [0.0, -0.5]]
    )
    numbers = np.concatenate([halves, np.nextafter(halves, np.inf), np.nextafter(halves, -np.inf), random.normal(0, 3e4, 2000)])
    clocks = [datetime(2016, 3, 26, 21, tzinfo=UTC) + timedelta(minutes=7 * step) for step in range(400)]
    clocks += [datetime(2016, 10, 29, 20, 59, 59, 999999, tzinfo=UTC) + timedelta(minutes=11 * step) for step in range(400)]
    clocks += [datetime(1969, 12, 31, 12, tzinfo=UTC) + timedelta(microseconds=7_777_777_777 * step) for step in range(20)]
    columns = {
        "temperature_degc": numbers,
        "read_at": pa.array([clocks[row % len(clocks)] for row in range(len(numbers))], pa.timestamp("us", tz="UTC")),
        "position": np.arange(len(numbers)),
    }
    schema = arrow_schema(ROOM)
    table = pa.table({f.name: columns.get(f.name, pa.nulls(len(numbers), f.type)) for f in schema}, schema=schema)
    files = (filed(table, ROOM, "words"),)
    found = []
    for engine in (DuckDb(), Spark("local[2]")):
        (rows,) = (reader.read_all() for reader in engine.run([Work("words", _said(engine.words), ROOM, files)]))
        found.append(rows.sort_by("position"))
    assert found[0].schema.names == found[1].schema.names and len(found[0]) == len(numbers)
    assert [name for name in found[0].schema.names if not found[0][name].equals(found[1][name])] == []
    assert found[0]["nearest"].to_pylist() == [round(number) for number in numbers], "half to even"


def test_rows_of_batches_that_gave_way_do_not_count_in_a_merged_file(lake: Path) -> None:
    at = datetime(2016, 1, 12, tzinfo=UTC)
    made = {"feed": "f", "file_id": 1, "sub_position": 0, "source_version": 0, "read_at": at, "arrived_at": at}
    rows = [{**made, "point_id": f"P{batch}", "batch_id": batch, "position": batch} for batch in (1, 2, 3)]
    table = pa.Table.from_pylist(rows, schema=arrow_schema(ROOM))
    files = (replace(filed(table, ROOM, "merged"), gone=(1, 3)), filed(table.slice(0, 1), ROOM, "own"))
    for engine in (DuckDb(), Spark("local[2]")):
        text = "select point_id, batch_id from room_reading"
        (found,) = (reader.read_all() for reader in engine.run([Work("kept", text, ROOM, files)]))
        assert sorted(found["batch_id"].to_pylist()) == [1, 2], engine


def _said(words: Words) -> str:
    us = words.epoch_us("read_at")
    return f"""
select
    position,
    cast({words.nearest("temperature_degc")} as bigint) as nearest,
    {us} as us,
    {words.local_date("read_at", BERLIN)} as day,
    {words.local_date(words.instant_of_us(us), BERLIN)} as day_of_us,
    {words.whole_division(f"{us} - 1459040400000000", "7000000")} as divided,
    cast(floor({us} / 3600000000) as bigint) as hour_no,
    {us} / 3600000000 as hours,
    read_at >= {words.instant(datetime(2016, 3, 27, 1, tzinfo=UTC))} as is_later
from room_reading
"""
