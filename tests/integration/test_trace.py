"""A published number is followed to its records; what does not add up is named."""

from __future__ import annotations

import random

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.support.readings import rewrite
from tests.support.world import Warehouse, World

KPIS = ("room_compliance_percent", "complaints_per_10000_households", "renewal_progress_percent")


@pytest.mark.parametrize(("kpi", "number"), zip(KPIS, (40, 80, 80), strict=True))
def test_random_numbers_add_up_from_publication_to_landing_file(published: Warehouse, kpi: str, number: int) -> None:
    from hearth.trace.walk import trace

    keys = published.rows(
        "select season, unit_id, heating_date from marts.season_kpi where kpi = %s and value is not null order by 1, 2, 3", kpi
    )
    for season, unit_id, day in random.Random(42).sample(keys, number):
        found = trace(season, kpi, unit_id, day)
        assert [(step.title, check) for step, check in found.broken] == [], (season, unit_id, day)
        assert sum(len(step.checks) for step in found.steps) >= 12


def test_the_records_lie_in_the_landing_files_without_personal_values(published: Warehouse) -> None:
    from hearth.trace.walk import trace

    found = trace("2016-17", "complaints_per_10000_households", "company", day_of(published), sample=5)
    records = found.steps[-1]
    assert (records.title.split()[0], len(records.rows), found.broken) == ("Records", 5, [])
    text = " ".join(str(row[-1]) for row in records.rows)
    personal = [value for (value,) in published.rows("select value from restricted.personal_value")]
    assert personal and not [value for value in personal if len(value) > 6 and value in text]


def day_of(warehouse: Warehouse) -> object:
    return warehouse.rows("select max(heating_date) from marts.season_kpi where season = '2016-17'")[0][0]


def test_a_row_that_is_gone_is_missed_where_it_stood(world: World, published: Warehouse) -> None:
    """A hand takes one reading out of its file, and puts it back afterwards."""
    from hearth.trace.walk import trace

    ((point, day),) = published.rows(
        "select point_id, heating_date from intermediate.int_point_day"
        " where is_judged and customer_kind = 'resident' and season = '2016-17' order by 1, 2 limit 1"
    )
    left = [1]

    def without_one(table: pa.Table) -> pa.Table:
        days = pc.local_timestamp(table["read_at"].cast(pa.timestamp("us", "Asia/Shanghai"))).cast(pa.date32())
        mine = pc.and_(pc.equal(table["point_id"], point), pc.equal(days, day)).to_pylist()
        if True not in mine or not left:
            return table
        left.pop()
        return table.filter(pa.array([number != mine.index(True) for number in range(len(table))]))

    before = rewrite(published, "room_reading", without_one)
    try:
        found = trace("2016-17", "room_compliance_percent", "company", day_of(published))
        assert [step.table for step, _ in found.broken] == ["room_reading (files)"]
    finally:
        for place, content in before.items():
            place.write_bytes(content)


def test_a_number_changed_by_hand_is_not_its_ratio_nor_the_one_published(published: Warehouse) -> None:
    from hearth.trace.walk import trace

    day = day_of(published)
    where = "where season = '2016-17' and kpi = 'room_compliance_percent' and unit_kind = 'company' and heating_date = %s"
    with psycopg.connect(published.url, autocommit=True) as owner:
        owner.execute(f"update marts.season_kpi set value = value + 1 {where}", (day,))
        try:
            broken = trace("2016-17", "room_compliance_percent", "company", day).broken
            assert [check.says for _, check in broken] == ["value = its ratio", "the value last published"]
        finally:
            owner.execute(f"update marts.season_kpi set value = value - 1 {where}", (day,))


def test_what_is_not_published_is_said_with_what_there_is(published: Warehouse) -> None:
    from datetime import date

    from hearth.trace.walk import trace
    from hearth.warehouse.published import NothingPublished

    with pytest.raises(NothingPublished, match="published are 20"):
        trace("2016-17", "room_compliance_percent", "company", date(2030, 1, 1))
    with pytest.raises(NothingPublished, match="no unit 'STATION-999'"):
        trace("2016-17", "room_compliance_percent", "STATION-999", date(2017, 1, 1))
