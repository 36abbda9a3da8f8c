"""A published number is followed to its records; what does not add up is named."""

from __future__ import annotations

import random

import psycopg
import pytest

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
    """The owner takes one reading away, and puts it back afterwards."""
    from hearth.trace.walk import trace

    with psycopg.connect(published.url, autocommit=True) as owner:
        owner.execute(
            "create table public.taken as select * from raw.room_reading where (feed, point_id, read_at) ="
            " (select r.feed, r.point_id, r.read_at from staging.stg_room_reading r join intermediate.int_point_day d"
            " using (point_id, heating_date) where d.is_judged and d.customer_kind = 'resident' and d.season = '2016-17' limit 1)"
        )
        owner.execute(
            "delete from raw.room_reading r using public.taken t"
            " where (r.feed, r.point_id, r.read_at) = (t.feed, t.point_id, t.read_at)"
        )
        try:
            found = trace("2016-17", "room_compliance_percent", "company", day_of(published))
            assert [step.table for step, _ in found.broken] == ["staging.stg_room_reading"]
        finally:
            owner.execute("insert into raw.room_reading select * from public.taken")
            owner.execute("drop table public.taken")


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
