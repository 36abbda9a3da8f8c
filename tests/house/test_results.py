"""The demo says "equal to the truth" only when it is."""

import dataclasses

import pytest

from local.results import FeedCounts, Figure, KpiKey, count_differences, kpi_differences, kpi_rows

KEY: KpiKey = ("2016-17", "2017-04-06", "company", "company", "room_compliance_percent")
RIGHT = Figure(100 * 2 / 3, 2, 3, "percent")


def test_equal_figures_do_not_differ() -> None:
    almost = dataclasses.replace(RIGHT, value=66.66666666666667)
    assert kpi_differences({KEY: almost}, {KEY: RIGHT}) == []


@pytest.mark.parametrize(
    ("published", "word"),
    [
        (dataclasses.replace(RIGHT, numerator=3), "numerator 3"),
        (dataclasses.replace(RIGHT, value=66.6667), "value 66.6667"),
        (dataclasses.replace(RIGHT, value=None), "value None"),
        (dataclasses.replace(RIGHT, denominator=3.0000001), "denominator"),
    ],
)
def test_every_difference_is_told(published: Figure, word: str) -> None:
    (told,) = kpi_differences({KEY: published}, {KEY: RIGHT})
    assert word in told
    assert "company" in told


def test_a_figure_that_is_not_published_is_told() -> None:
    (told,) = kpi_differences({}, {KEY: RIGHT})
    assert "not published" in told


def test_a_figure_the_city_does_not_know_is_told_unless_it_is_null() -> None:
    day_after: KpiKey = (KEY[0], "2017-04-07", *KEY[2:])
    assert kpi_differences({KEY: RIGHT, day_after: Figure(None, None, None)}, {KEY: RIGHT}) == []
    (told,) = kpi_differences({KEY: RIGHT, day_after: RIGHT}, {KEY: RIGHT})
    assert "unknown to the city" in told


def test_units_the_city_keeps_no_account_of_are_left_out() -> None:
    community: KpiKey = (*KEY[:2], "community", "COMM-0001", KEY[4])
    assert kpi_differences({KEY: RIGHT, community: RIGHT}, {KEY: RIGHT}) == []


def entry(**changes: object) -> FeedCounts:
    right = FeedCounts("hotline", 10, 7, 2, 1, {"missing_key": 2}, {"missing_key": 2}, {"rows_read": 10, "rows_duplicate": 1})
    return dataclasses.replace(right, **changes)  # type: ignore[arg-type]


def test_equal_counts_do_not_differ() -> None:
    assert count_differences([entry()]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"quarantined_by_reason": {"missing_key": 1}},
        {"quarantined_by_reason": {"missing_key": 2, "out_of_range": 1}},
        {"quarantined_by_reason": {}},
        {"left_out": {"heat_kw:out_of_range": 1}},
        {"rows_loaded": 6},
        {"rows_read": 11, "rows_loaded": 8},
        {"rows_duplicate": 2, "rows_loaded": 6},
    ],
)
def test_each_lost_or_misjudged_row_is_told(changes: dict[str, object]) -> None:
    assert count_differences([entry(**changes)])


def test_a_feed_without_rows_is_told() -> None:
    assert count_differences([FeedCounts("silent")]) == ["silent: no row read"]


def test_json_holds_company_and_branches_of_the_last_day() -> None:
    earlier: KpiKey = ("2016-17", "2017-04-05", *KEY[2:])
    branch: KpiKey = (*KEY[:2], "branch", "BRANCH-01", KEY[4])
    station: KpiKey = (*KEY[:2], "station", "STATION-001", KEY[4])
    rows = kpi_rows(dict.fromkeys([KEY, earlier, branch, station], RIGHT), {KEY: RIGHT})
    assert [row["org_unit"] for row in rows] == ["BRANCH-01", "company"]
    assert rows[1] == {
        "name": "room_compliance_percent",
        "season": "2016-17",
        "org_unit": "company",
        "value": RIGHT.value,
        "truth": RIGHT.value,
        "unit": "percent",
    }
