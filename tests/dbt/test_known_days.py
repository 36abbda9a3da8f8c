"""Any feed makes days known: telemetry alone, and an archive that came after its season."""

from __future__ import annotations

import re

from hearth.contracts.entities import ENTITIES

SEASON_DAYS = "select season, count(*), max(heating_date)::text from intermediate.int_season_day group by 1 order by 1"


def test_dbt_and_contracts_agree_on_what_tells_of_days(manifest):
    named = re.findall(r"'(\w+)'", manifest["macros"]["macro.hearth.daily_entities"]["macro_sql"])
    assert sorted(named) == sorted(name for name, entity in ENTITIES.items() if entity.tells_of_days)


def test_telemetry_alone_has_a_season(company):
    company.load("station_reading", [{"system_id": "S", "station_id": "T", "read_at": company.at("2015-11-03", "10:00")}])
    company.dbt("build", "--select", "resource_type:seed", full=True)
    company.dbt("run", "--select", "+int_season_day", full=True)
    assert company.rows(SEASON_DAYS) == [("2015-16", 15, "2015-11-03")]


def test_an_archive_asked_for_from_may_on_has_its_own_season(company):
    company.empty()
    tickets = [
        {"line": "12319", "ticket_no": number, "kind": "complaint", "created_at": company.at(day, "08:00")}
        for number, day in (("A", "2015-11-01"), ("B", "2016-03-20"))
    ]
    company.load("service_ticket", tickets, feed="city_line_12319", asked=("2016-05-01", "2016-06-01"))
    company.knows_contract("city_line_12319")
    company.dbt("run", "--select", "+int_season_day", full=True)
    assert company.rows(SEASON_DAYS) == [("2015-16", 153, "2016-03-20")]
