"""The quality marts on hand-made days: shares by day beside the season before, ageing by dated classes, stages that differ."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

FEED = "outdoor_reading_feed"
DAY, BEFORE = "2016-10-25", "2015-10-25"
"""Sixth day of the seasons 2016-17 and 2015-16, which both begin on 20 October."""
PROMISED_BEFORE = [{"until": "2015-10-20", "rows_per_day": 3}, {"until": "2016-05-31", "rows_per_day": 6}]
MISSING, AFTER = "2017-07-15", "2017-07-16"
"""A summer's day, on which no contract promises rows, and the next."""


@pytest.fixture(scope="module")
def built(company):
    """A feed of 24 rows a day, of 6 in the first season: whole there; in the second 18, of which 2 late, 3 rejected, 1 repeated."""
    company.empty()
    company.run(
        "insert into ledger.contract (feed, contract_hash, entity, owner, owner_contact, season_cron, rows_per_day, lateness_hours,"
        " content) values (%s, repeat('0', 64), 'outdoor_reading', 'dispatch centre', '', '0 0 * * *', 24, 72, %s)",
        FEED, json.dumps({"expected": {"rows_per_day_before": PROMISED_BEFORE}}),
    )  # fmt: skip
    for day, rows in ((BEFORE, 6), (DAY, 18)):
        batch = company.load("outdoor_reading", [_reading(company, day, hour) for hour in range(rows)])
        whole = day == BEFORE
        company.run(
            "insert into ledger.batch_quality_day values (%s, %s, %s, %s, %s, %s, %s)",
            batch, day, rows, 0 if whole else 2, rows * 3600, 0 if whole else 1, 0 if whole else 1,
        )  # fmt: skip
    _reject(company, batch)
    for start, end in (
        (company.at(MISSING, "00:00"), company.at(MISSING, "12:00")),
        (company.at(MISSING, "12:00"), company.at(AFTER)),
    ):
        company.run(
            "insert into ledger.hole (feed, interval_start, interval_end, run_id) values (%s, %s, %s, 'r')", FEED, start, end
        )
    company.load("room_reading", [_room(company, "2016-12-01")])
    asked = ("+feed_quality", "+quarantine_ageing", "+source_reconciliation")
    company.dbt("build", "--select", *asked, "--exclude-resource-type", "unit_test", full=True)
    return company


def _reading(company, day: str, hour: int) -> dict:
    return {
        "weather_station_id": "W1", "observed_at": company.at(day, f"{hour:02d}:00"), "temperature_degc": 1.0, "period_minutes": 60,
    }  # fmt: skip


def _room(company, day: str) -> dict:
    return {"point_id": "P1", "read_at": company.at(day, "08:00"), "temperature_degc": 20.0}


def _reject(company, batch: int) -> None:
    """Two contradicting rows of the day, one row out of range; they arrived at three ages before the last known day."""
    pull = company.one("select pull_id from ledger.batch where batch_id = %s", batch)
    file_id = company.one(
        "insert into ledger.landing_file (pull_id, feed, ordinal, source_name, sha256, size_bytes, stored_as)"
        " values (%s, %s, 1, 'f.csv', repeat('a', 64), 1, 'x') returning file_id",
        pull, FEED,
    )  # fmt: skip
    last = company.at("2016-12-01")
    for position, (reason, age) in enumerate((("conflicting_duplicate", 2), ("conflicting_duplicate", 20), ("out_of_range", 60))):
        company.run(
            "insert into quarantine.row (batch_id, feed, entity, file_id, file_sha256, position, sub_position, arrived_at, reasons,"
            " first_reason, record, subject_id, event_date) values (%s, %s, 'outdoor_reading', %s, repeat('a', 64), %s, 0, %s,"
            " array[%s], %s, '{}', 'W1', %s)",
            batch, FEED, file_id, position, last - timedelta(days=age), reason, reason, DAY,
        )  # fmt: skip


def test_shares_of_a_day_stand_beside_the_season_before(built):
    row = built.one(
        "select season, season_day, came_rows, accepted_rows, rejected_rows, duplicate_rows, completeness_percent, on_time_percent,"
        " accepted_percent, unique_percent, consistent_percent, completeness_percent_before, accepted_percent_before,"
        f" mean_delay_hours, owner from candidate.feed_quality where feed = '{FEED}' and heating_date = '{DAY}'"
    )
    assert row == (
        "2016-17", 6, 22, 18, 3, 1, 75.0, pytest.approx(100 * 16 / 18), pytest.approx(100 * 18 / 21), pytest.approx(100 * 21 / 22),
        pytest.approx(100 * 18 / 21), 100.0, 100.0, 1.0, "dispatch centre",
    )  # fmt: skip


def test_an_interval_nobody_pulled_is_counted_on_its_day_alone(built):
    rows = built.rows(
        f"select heating_date::text, missing_intervals, came_rows from candidate.feed_quality where feed = '{FEED}'"
        " and missing_intervals > 0"
    )
    assert rows == [(MISSING, 2, 0)]


def test_a_day_without_a_row_is_incomplete_not_absent(built):
    row = built.one(
        "select expected_rows, came_rows, completeness_percent, accepted_percent from candidate.feed_quality"
        f" where feed = '{FEED}' and heating_date = '2016-10-26'"
    )
    assert row == (24, 0, 0.0, None)


def test_a_day_owes_what_the_contract_said_of_that_day(built):
    owed = built.rows(
        f"select heating_date::text, expected_rows from candidate.feed_quality where feed = '{FEED}' and heating_date in"
        " ('2015-10-20', '2015-10-21', '2016-04-06', '2016-10-20') order by 1"
    )
    assert owed == [("2015-10-20", 3), ("2015-10-21", 6), ("2016-04-06", 6), ("2016-10-20", 24)]


def test_rejected_rows_age_by_dated_classes(built):
    rows = built.rows(
        "select reason, age_class, open_rows, oldest_open_days, owner from candidate.quarantine_ageing order by oldest_open_days"
    )
    assert rows == [
        ("conflicting_duplicate", "recent", 1, 2, "dispatch centre"),
        ("conflicting_duplicate", "waiting", 1, 20, "dispatch centre"),
        ("out_of_range", "overdue", 1, 60, "dispatch centre"),
    ]


def test_the_first_stage_that_differs_is_named(built):
    pull = built.one("select max(pull_id) from ledger.batch where feed = %s", FEED)
    for stage, expected, found in (("raw", 18, 17), ("quarantine", 3, 2)):
        built.run(
            "insert into ledger.stage_check (run_id, subject, pull_id, feed, stage, outcome, number_expected, number_found,"
            " message) values ('test', %s, %s, %s, %s, 'differs', %s, %s, 'rows are missing')",
            f"pull {pull}", pull, FEED, stage, expected, found,
        )  # fmt: skip
    built.dbt("run", "--select", "+source_reconciliation")
    rows = built.rows(
        "select stage, outcome, difference, is_first_difference from candidate.source_reconciliation"
        f" where pull_id = {pull} order by stage_order"
    )
    assert rows == [
        ("source", "not_asked", None, False),
        ("landing", "not_checked", None, False),
        ("read", "equal", 0, False),
        ("raw", "differs", -1, True),
        ("quarantine", "differs", -1, False),
    ]
