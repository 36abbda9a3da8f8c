"""The definitions, applied by hand to a city of two branches, four homes and two days."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from city.calendar import Season, Unasked, Window, day_number, local_s
from city.truth import Observed
from city.truth.balance import _advice, _at_least, _balance
from city.truth.cold import _subject, _visits_of
from city.truth.complaints import complaint_cases, complaint_rate, unnamed
from city.truth.incidents import incident_response, pipe_risk
from city.truth.reclassified import reclassified
from city.truth.refunds import refund_days, refund_seasons
from city.truth.register import Register
from city.truth.renewal import renewal_progress
from city.truth.reopened import last_solutions
from city.truth.rooms import _automatic, below_design_days, judged_point_days, room_compliance
from city.truth.weighted import weighted_rooms

FIRST = day_number(date(2016, 1, 11))
SEASON = Season("2015-16", date(2016, 1, 11), date(2016, 1, 13))
EARLY = "2015-05-10 08:00:00"


def _registers() -> dict[str, pd.DataFrame]:
    stations = pd.DataFrame(
        [("S1", "2012-09-01", "B1", EARLY), ("S2", "2012-09-01", "B2", EARLY)],
        columns=["station_id", "valid_from", "branch_id", "recorded_at"],
    )
    buildings = pd.DataFrame(
        [("L1", "2012-09-01", "S1", EARLY), ("L2", "2012-09-01", "S2", EARLY), ("L1", "2016-01-13", "S2", EARLY)],
        columns=["building_id", "valid_from", "station_id", "recorded_at"],
    )
    households = pd.DataFrame(
        [
            ("H1", "2012-09-01", "L1", "resident", None, EARLY),
            ("H2", "2012-09-01", "L1", "resident", None, EARLY),
            ("H3", "2012-09-01", "L2", "resident", "2016-01-12", EARLY),
            ("E1", "2012-09-01", "L2", "enterprise", None, EARLY),
        ],
        columns=["household_id", "valid_from", "building_id", "customer_kind", "valid_to", "recorded_at"],
    )
    suspensions = pd.DataFrame(
        [("H2", "2016-01-12", None, EARLY), ("H2", "2016-01-12", "2016-01-12", "2016-01-20 08:00:00")],
        columns=["household_id", "suspended_from", "suspended_to", "recorded_at"],
    )
    points = pd.DataFrame(
        [
            ("R1", "2014-09-01", "remote", "H1", "living_room", 60, None, EARLY),
            ("F1", "2014-09-01", "fixed", "H1", "bedroom", None, None, EARLY),
            ("F2", "2014-09-01", "fixed", "H2", "bedroom", None, None, EARLY),
            ("F3", "2014-09-01", "fixed", "H3", "kitchen", None, None, EARLY),
            ("F4", "2014-09-01", "fixed", "E1", "bedroom", None, None, EARLY),
            ("M1", "2014-09-01", "mobile", "H3", "bedroom", None, None, EARLY),
        ],
        columns=[
            "point_id",
            "valid_from",
            "point_kind",
            "household_id",
            "room_type",
            "expected_interval_minutes",
            "valid_to",
            "recorded_at",
        ],
    )
    return {
        "station_log": stations,
        "building_log": buildings.assign(network_position="near"),
        "household_log": households.assign(flat_position="middle"),
        "suspension_log": suspensions,
        "point_log": points,
    }


def _remote(readings: list[tuple[int, int, bool, int, bool]]) -> dict[str, np.ndarray]:
    """Columns of (read_s, tenths, hist, arrival_s, excluded) of the one remote point."""
    read_s, tenths, hist, arrival, excluded = (np.array(c) for c in zip(*readings, strict=True))
    return {
        "device": np.zeros(len(read_s), dtype=np.int32),
        "read_s": read_s,
        "tenths": tenths,
        "hist": hist.astype(bool),
        "arrival_s": arrival,
        "excluded": excluded.astype(bool),
    }


def _hourly(day: int, hours: range, tenths: int) -> list[tuple[int, int, bool, int, bool]]:
    return [(local_s(day, h), tenths, False, local_s(day, h), False) for h in hours]


def _tests(rows: list[tuple[str, float, int, int]]) -> pd.DataFrame:
    """(point, hours after the first midnight, tenths, version)"""
    frame = pd.DataFrame(rows, columns=["point_id", "hour", "tenths", "version"])
    return frame.assign(read_s=[local_s(FIRST, h) for h in frame["hour"]], arrival_s=local_s(FIRST + 3) + frame["version"])


def _observed(**parts: object) -> Observed:
    empty = {
        "remote": _remote([(local_s(FIRST - 30), 200, False, 0, False)]),
        "tests": _tests([]),
        "tickets": _tickets([]),
        "weather": pd.DataFrame({"observed_s": [0], "arrival_s": [0], "temp": [-5.0]}),
        "renewal": pd.DataFrame(),
    }
    return Observed(
        registers=_registers(),
        devices=np.array(["R1"]),
        window=Window(date(2015, 5, 1), date(2016, 1, 14)),
        seasons=(SEASON,),
        **{**empty, **parts},  # type: ignore[arg-type]
    )


def _tickets(rows: list[tuple[str, str, int, str, str, float, str, str]]) -> pd.DataFrame:
    """(line, number, version, kind, category, hours after the first midnight, household, related)"""
    columns = ["line", "ticket_no", "version", "kind", "category", "hour", "household_id", "related_no"]
    frame = pd.DataFrame(rows, columns=columns)
    created = [local_s(FIRST, h) for h in frame["hour"]]
    return frame.assign(created_s=created, arrival_s=frame["version"], returned=False, enterprise=False)


def _cell(frame: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0]


def _company(frame: pd.DataFrame, day: int, kind: str, period: str = "day") -> tuple[int, int]:
    row = _cell(frame, day=day, unit_kind="company", point_kind=kind, period=period)
    return row["judged_household_days"], row["complying_household_days"]


def test_a_reading_holds_two_hours_at_most_and_across_midnight() -> None:
    first = [*_hourly(FIRST, range(0, 17), 190), *_hourly(FIRST, range(19, 24), 150)]
    second = _hourly(FIRST + 1, range(1, 24), 181)
    observed = _observed(remote=_remote([*first, *second]))
    values = _automatic(observed, Register(_registers())).set_index("day")["value"]
    # The last reading before the gap holds for two hours: 18 h at 19.0 and nothing from 18 to 19 o'clock.
    assert values[FIRST] == pytest.approx((18 * 19 + 5 * 15) / 23, abs=1e-6)
    # The reading of 23:00 holds until 01:00.
    assert values[FIRST + 1] == pytest.approx((1 * 15 + 23 * 18.1) / 24, abs=1e-6)
    frame = room_compliance(observed, Register(_registers()))
    assert _company(frame, FIRST, "remote") == (1, 1)
    assert _company(frame, FIRST + 1, "remote") == (1, 0)


def test_the_value_is_weighted_by_time_not_by_rows() -> None:
    """Twenty readings of 18.5 at the quarter hour weigh less than the cold hours after them."""
    many = [(local_s(FIRST, q / 4), 185, False, 1, False) for q in range(20)]
    frame = room_compliance(_observed(remote=_remote([*many, *_hourly(FIRST, range(5, 24), 178)])), Register(_registers()))
    assert _company(frame, FIRST, "remote") == (1, 0)


def test_excluded_readings_count_as_not_received_and_eighteen_of_24_suffice() -> None:
    for lost, judged in ((6, True), (7, False)):
        readings = [(s, v, h, a, i < lost) for i, (s, v, h, a, _) in enumerate(_hourly(FIRST, range(24), 200))]
        frame = room_compliance(_observed(remote=_remote(readings)), Register(_registers()))
        assert (len(frame) > 0) == judged


def test_eighteen_readings_in_85_minutes_are_not_a_day() -> None:
    """Each stands for the time until the next: 145 minutes. Hourly they stand for 18 hours."""
    for apart, judged in ((1.0, True), (1 / 12, False)):
        readings = [(local_s(FIRST, 5 + apart * n), 200, False, local_s(FIRST, 24), False) for n in range(18)]
        frame = room_compliance(_observed(remote=_remote(readings)), Register(_registers()))
        assert (len(frame) > 0) == judged


def test_a_visit_makes_no_rate_for_the_homes_around_it() -> None:
    """H1 is warm by its fixed point, H2 beside it is taken for the same; H3 was only visited, and borrows the company's rate."""
    observed, register = _observed(tests=_tests([("F1", 18.0, 200, 1), ("M1", 18.0, 150, 1)])), Register(_registers())
    frame = weighted_rooms(observed, register, judged_point_days(observed, register))
    company = frame[(frame["unit_kind"] == "company") & (frame["period"] == "day")]
    shares = company[["weighted_percent", "weighted_fallback_share", "weighted_visits_only_share"]].to_numpy().tolist()
    assert shares == [[100.0, pytest.approx(1 / 3), pytest.approx(1 / 3)]]
    assert set(frame["unit_id"]) == {"company", "B1", "S1"}, "no estimate where nothing but a visit was made"


def test_a_replay_never_beats_the_live_reading_and_fills_a_gap() -> None:
    live = _hourly(FIRST, range(0, 12), 170)
    for stale in (100, 200):
        replays = [(local_s(FIRST, h), stale if h < 12 else 200, True, local_s(FIRST + 1), False) for h in range(24)]
        observed = _observed(remote=_remote([*replays, *live]))
        values = _automatic(observed, Register(_registers())).set_index("day")["value"]
        assert values[FIRST] == pytest.approx((12 * 17 + 12 * 20) / 24)


def test_manual_days_suspension_kitchen_and_enterprise() -> None:
    tests = _tests(
        [
            ("F1", 18.0, 178, 1),
            ("F1", 19.0, 184, 1),  # mean 18.1 complies
            ("F2", 18.0, 150, 1),
            ("F2", 18.0, 185, 2),  # corrected
            ("F2", 42.0, 190, 1),  # suspended that day
            ("F3", 18.0, 100, 1),  # a kitchen has no standard
            ("F4", 18.0, 100, 1),  # an enterprise
        ]
    )
    frame = room_compliance(_observed(tests=tests), Register(_registers()))
    assert _company(frame, FIRST, "fixed") == (2, 2)
    assert set(frame["day"]) == {FIRST, FIRST + 1, FIRST + 2}
    assert frame[(frame["period"] == "day") & (frame["day"] != FIRST)].empty
    to_date = _cell(frame, day=FIRST + 2, unit_kind="branch", unit_id="B1", point_kind="fixed", period="to_date")
    assert (to_date["judged_household_days"], to_date["measured_households"]) == (2, 2)


def test_a_household_is_as_warm_as_its_worst_room() -> None:
    warm = _remote(_hourly(FIRST, range(24), 210))
    frame = room_compliance(_observed(remote=warm, tests=_tests([("F1", 18.0, 179, 1)])), Register(_registers()))
    assert _company(frame, FIRST, "all") == (1, 0)
    assert _company(frame, FIRST, "remote") == (1, 1)
    assert _cell(frame, day=FIRST, unit_id="S1", point_kind="all", period="day")["served_households"] == 2


def test_a_building_belongs_to_its_station_of_the_day() -> None:
    tests = _tests([("F1", 18.0, 190, 1), ("F1", 66.0, 190, 1)])
    frame = room_compliance(_observed(tests=tests), Register(_registers()))
    days = frame[(frame["period"] == "day") & (frame["unit_kind"] == "station") & (frame["point_kind"] == "all")]
    assert list(zip(days["day"] - FIRST, days["unit_id"], strict=True)) == [(0, "S1"), (2, "S2")]


def test_served_households_follow_register_and_suspension() -> None:
    served = Register(_registers()).served_counts(SEASON)
    assert served["company"].tolist() == [[3, 2, 2]]
    assert served["station"].tolist() == [[2, 1, 0], [1, 1, 2]]
    assert served["branch"].tolist() == [[2, 1, 0], [1, 1, 2]]


def test_a_day_below_design_temperature_is_kept_apart() -> None:
    hours = [local_s(FIRST, h) for h in range(24)]
    weather = pd.DataFrame({"observed_s": hours, "arrival_s": hours, "temp": [-21.0] * 12 + [-21.3] * 12})
    observed = _observed(weather=weather, tests=_tests([("F1", 18.0, 170, 1), ("F1", 66.0, 190, 1)]))
    assert below_design_days(observed) == {FIRST}
    row = _cell(
        room_compliance(observed, Register(_registers())),
        day=FIRST + 2,
        unit_kind="company",
        point_kind="all",
        period="to_date",
    )
    assert (row["judged_household_days"], row["complying_household_days"]) == (2, 1)
    assert (row["judged_household_days_normal_weather"], row["complying_household_days_normal_weather"]) == (1, 1)


@pytest.mark.parametrize(("hours", "cases"), [(23.9, 1), (24.0, 1), (24.1, 2)])
def test_calls_within_a_day_are_one_case(hours: float, cases: int) -> None:
    rows = [
        ("963963", "a", 1, "complaint", "no_heat", 1.0, "H1", ""),
        ("12345", "b", 1, "complaint", "no_heat", 1.0 + hours, "H1", ""),
    ]
    assert len(complaint_cases(_tickets(rows))) == cases


def test_a_chain_of_calls_is_one_case_and_other_households_and_categories_are_not() -> None:
    rows = [("963963", str(i), 1, "complaint", "no_heat", 1.0 + 20 * i, "H1", "") for i in range(3)]
    assert complaint_cases(_tickets(rows))["tickets"].tolist() == [3]
    more = [
        ("963963", "x", 1, "complaint", "room_cold", 2.0, "H1", ""),
        ("963963", "y", 1, "complaint", "no_heat", 2.0, "H2", ""),
    ]
    assert len(complaint_cases(_tickets([*rows, *more]))) == 3


def test_a_cross_reference_joins_tickets_however_late() -> None:
    rows = [
        ("963963", "a", 1, "complaint", "no_heat", 1.0, "H1", ""),
        ("963963", "b", 1, "complaint", "no_heat", 40.0, "H1", "a"),
        ("12319", "c", 1, "complaint", "service", 60.0, "", "b"),
        ("12345", "d", 1, "complaint", "no_heat", 2.0, "", ""),
    ]
    cases = complaint_cases(_tickets(rows))
    assert dict(zip(cases["case_id"], cases["tickets"], strict=True)) == {"963963:a": 3, "12345:d": 1}
    assert cases["calls"].tolist() == [2, 1], "12319 passed on what the hotline knew"
    assert cases["day"].tolist() == [FIRST, FIRST]


def test_only_what_is_a_complaint_in_its_last_version_counts() -> None:
    rows = [
        ("963963", "a", 1, "complaint", "no_heat", 1.0, "H1", ""),
        ("963963", "a", 4, "consultation", "no_heat", 1.0, "H1", ""),
        ("12345", "b", 1, "complaint", "no_heat", 50.0, "H1", "a"),
    ]
    cases = complaint_cases(_tickets(rows))
    assert cases["case_id"].tolist() == ["12345:b"]


def _cases(calls: list[tuple[str, float, str, str, str]], returned: tuple[str, ...] = ()) -> dict[str, int]:
    """Tickets by case of calls (number, hour, kind, household, named number) about one category."""
    rows = [("963963", number, 1, kind, "no_heat", hour, home, named) for number, hour, kind, home, named in calls]
    frame = _tickets(rows)
    cases = complaint_cases(frame.assign(returned=frame["ticket_no"].isin(returned)))
    return dict(zip(cases["case_id"].str.removeprefix("963963:"), cases["tickets"], strict=True))


def test_references_are_followed_to_their_end_and_over_sixty_days() -> None:
    chain = [(f"{n}", 50.0 * n, "complaint", "", f"{n - 1}") for n in range(6)]
    assert _cases(chain) == {"0": 6}
    for hours, cases in ((1440.0, {"a": 2}), (1440.1, {"a": 1, "b": 1})):
        assert _cases([("a", 0.0, "complaint", "", ""), ("b", hours, "complaint", "", "a")]) == cases


def test_the_hours_run_from_the_last_call_whichever_way_it_came() -> None:
    first, second, third = ("a", 0.5, "complaint", "H1", ""), ("b", 20.5, "complaint", "", "a"), ("c", 40.5, "complaint", "H1", "")
    assert _cases([first, second, third]) == {"a": 3}
    assert _cases([first, ("c", 30.5, "complaint", "H1", ""), ("b", 35.5, "complaint", "", "a")]) == {"a": 3}
    assert _cases([first, ("b", 20.5, "repair", "H1", "a"), third]) == {"a": 1, "c": 1}


def test_what_is_no_complaint_or_was_handed_back_links_and_does_not_count() -> None:
    calls = [("a", 1.0, "complaint", "H1", ""), ("b", 40.0, "complaint", "", "a"), ("c", 80.0, "complaint", "", "a")]
    assert _cases(calls) == {"a": 3}
    assert _cases(calls, returned=("a",)) == {"b": 2}
    assert _cases([("a", 1.0, "repair", "H1", ""), *calls[1:]]) == {"b": 2}
    assert _cases(calls, returned=("a", "b", "c")) == {}


def test_a_case_is_of_the_day_of_its_first_call_within_the_season() -> None:
    rows = [
        ("963963", number, 1, "complaint", "no_heat", hour, "H1", "") for number, hour in (("a", -4.0), ("b", 10.0), ("c", 30.0))
    ]
    for kept, day in ((1, -1), (2, 0), (3, 0)):
        cases = complaint_cases(_tickets(rows[:kept]), (SEASON,))
        assert (cases["case_id"].tolist(), cases["day"].tolist(), cases["tickets"].tolist()) == (
            ["963963:a"],
            [FIRST + day],
            [kept],
        )


def test_a_changed_kind_is_kept_with_from_to_and_when() -> None:
    rows = [
        ("a", 1, "投诉", 1.0, -1),
        ("a", 3, "投诉", 20.0, 9),
        ("a", 4, "咨询", 50.0, 9),
        ("b", 1, "投诉", 1.0, -1),
        ("b", 2, "投诉", 2.0, -1),
    ]
    frame = pd.DataFrame(rows, columns=["ticket_no", "version", "kind", "hour", "closed_s"]).iloc[::-1]
    arrival = [local_s(FIRST, h) for h in frame["hour"]]
    made = reclassified({"x": frame.assign(line="963963", arrival_s=arrival, category="不热", household_no="H1")})
    assert made.to_numpy().tolist() == [["963963", "a", 1, FIRST + 2, "complaint", "consultation", True, "no_heat", "H1"]]


def test_complaint_rate_counts_residents_and_enterprises_apart() -> None:
    rows = [
        ("963963", "a", 1, "complaint", "no_heat", 1.0, "H1", ""),
        ("963963", "e", 1, "complaint", "no_heat", 1.0, "E1", ""),
        ("12345", "n", 1, "complaint", "no_heat", 30.0, "", ""),
    ]
    observed = _observed(tickets=_tickets(rows))
    frame = complaint_rate(observed, Register(observed.registers))
    company = _cell(frame, day=FIRST + 2, unit_kind="company")
    assert (company["cases"], company["enterprise_cases"]) == (2, 1)
    assert company["served_households"] == pytest.approx(7 / 3)
    assert company["per_10000_households"] == pytest.approx(10_000 * 2 / (7 / 3))
    assert _cell(frame, day=FIRST + 2, unit_id="S1")["cases"] == 1
    assert _cell(frame, day=FIRST + 2, unit_id="B2")["enterprise_cases"] == 1


def test_complaints_to_date_are_those_of_the_days_on_which_every_line_was_asked() -> None:
    """The first of three days is not known; of the season before, the last. Both are compared on the second."""
    earlier = Season("2014-15", date(2016, 1, 6), date(2016, 1, 8))
    hours = {"a": 1.0, "b": 30.0, "c": 55.0, "d": -96.0, "e": -95.0, "f": -70.0}  # days 1, 2, 3; and of the season before 2, 2, 3
    rows = [("963963", number, 1, "complaint", "no_heat", hour, "", "") for number, hour in hours.items()]
    unasked = tuple(map(Unasked.parse, ("hotline_963963:2016-01-11..2016-01-12", "city_line_12345:2016-01-08..2016-01-09")))
    observed = _observed(tickets=_tickets(rows), unasked=unasked)
    observed.seasons = (earlier, SEASON)
    frame = complaint_rate(observed, Register(observed.registers))
    company = frame[(frame["season"] == SEASON.code) & (frame["unit_kind"] == "company")].set_index("day")
    assert company["days_known"].tolist() == [0, 1, 2] and company["compared_days"].tolist() == [0, 1, 1]
    assert company["cases"].isna().tolist() == [True, False, False]
    last = company.loc[FIRST + 2]
    assert (last["cases"], last["previous_cases"], last["served_households"]) == (2, 2, 2)
    assert last["per_10000_households"] == pytest.approx(10_000)
    assert last["compared_per_10000_households"] == pytest.approx(10_000 / 2)
    assert last["previous_per_10000_households"] == pytest.approx(10_000 * 2 / 3)


def test_an_enterprise_that_gave_no_number_is_no_resident() -> None:
    """A known home that says it is an enterprise stays what the register says; who says nothing counts as a home."""
    rows = [("12345", number, 1, "complaint", "no_heat", 1.0, home, "") for number, home in (("a", ""), ("b", "H1"), ("c", ""))]
    tickets = _tickets(rows).assign(enterprise=[True, True, False])
    observed = _observed(tickets=tickets)
    register = Register(observed.registers)
    company = _cell(complaint_rate(observed, register), day=FIRST, unit_kind="company")
    assert (company["cases"], company["enterprise_cases"]) == (2, 1)
    cases = complaint_cases(tickets, (SEASON,))
    assert unnamed(cases, register).tolist() == [True, False, True]


def test_a_suspended_home_that_complains_is_served_on_that_day() -> None:
    rows = [("963963", number, 1, "complaint", category, 30.0, "H2", "") for number, category in (("a", "no_heat"), ("b", "leak"))]
    observed = _observed(tickets=_tickets(rows))
    frame = complaint_rate(observed, Register(observed.registers))
    served = {day: _cell(frame, day=FIRST + day, unit_kind="company")["served_households"] for day in range(3)}
    assert served == {0: 3, 1: (3 + 3) / 2, 2: (3 + 3 + 2) / 3}
    assert _cell(frame, day=FIRST + 1, unit_id="S1")["served_households"] == (2 + 2) / 2


def test_a_ticket_opened_again_has_its_last_solution() -> None:
    states = [("待受理", -1, -1), ("已办结", 10, 11), ("已受理", 10, -1), ("已办结", 20, 21)]
    kept = [*states[:3], ("已办结", 10, 11)]
    lives = {"a": states, "b": kept, "c": states[:3], "d": states[:2], "e": [*states[:2], ("已退回", -1, -1)]}
    rows = [(n, v, 100 + v, *s) for n, life in lives.items() for v, s in enumerate(life)]
    frame = pd.DataFrame(rows, columns=["ticket_no", "version", "arrival_s", "status", "solved_s", "closed_s"])
    found = last_solutions(frame)
    assert found.to_dict("index") == {
        "a": {"reopenings": 1, "solved_s": 20, "closed_s": 21},
        "b": {"reopenings": 1, "solved_s": -1, "closed_s": 103},
        "c": {"reopenings": 1, "solved_s": -1, "closed_s": -1},
    }


def test_a_claim_counts_from_the_first_day_to_the_last_solution_and_apart_where_the_user_caused_it() -> None:
    """Hours after the first midnight. H1: asked 20 hours before, opened again, solved on the second day; on the second day also a
    call that was the user's own. H2: the user's own, and a city line that says nothing. H3: not solved."""
    rows = [
        ("963963", "a", 3, "已办结", -20.0, -10.0, False, "H1"),
        ("963963", "a", 4, "已受理", -20.0, -10.0, False, "H1"),
        ("963963", "a", 5, "已办结", -20.0, 30.0, False, "H1"),
        ("963963", "b", 3, "已办结", 25.0, 50.0, True, "H1"),
        ("963963", "c", 3, "已办结", 1.0, 26.0, True, "H2"),
        ("963963", "d", 2, "已受理", 30.0, None, False, "H3"),
        ("12345", "e", 3, "已办结", 1.0, 5.0, False, "H2"),
    ]
    columns = ["line", "ticket_no", "version", "status", "hour", "over", "user_fault", "household_no"]
    frame = pd.DataFrame(rows, columns=columns).assign(category="不热", kind="测温")
    over = [-1 if pd.isna(h) else local_s(FIRST, h) for h in frame["over"]]
    frame = frame.assign(stamped_s=[local_s(FIRST, h) for h in frame["hour"]], solved_s=over, closed_s=over)
    frame["arrival_s"] = frame["stamped_s"] + frame["version"]
    lines = {"hotline_963963": frame[frame["line"] == "963963"], "city_line_12345": frame[frame["line"] == "12345"]}
    observed = _observed()
    days = refund_days(observed, Register(observed.registers), lines)
    found = [(home, day - FIRST, cause) for home, day, cause in days[["household_id", "day", "cause"]].to_numpy().tolist()]
    assert found == [
        *(("H1", 0, "not_user"), ("H1", 1, "not_user"), ("H1", 2, "user")),
        *(("H2", 0, "user"), ("H2", 1, "user")),
        ("H3", 1, "unknown"),
    ]
    totals = refund_seasons(days)[["household_id", "claim_days", "own_cause_days", "cause_unknown_days"]]
    assert totals.to_numpy().tolist() == [["H1", 3, 1, 0], ["H2", 2, 2, 0], ["H3", 1, 0, 1]]


@pytest.mark.parametrize(
    ("homes", "below", "comparable", "proof"),
    [
        (["a"] * 2, 0, True, "not_proved"),
        (["a"] * 3, 1, True, "cured"),
        (["a"] * 4, 2, True, "still_cold"),
        (["a"] * 5, 0, False, "not_proved"),
    ],
)
def test_a_cure_takes_three_observations_in_comparable_weather(homes: list[str], below: int, comparable: bool, proof: str) -> None:
    following = Season("2016-17", date(2016, 10, 20), date(2017, 4, 6))
    seen = pd.DataFrame({"household_id": homes, "building_id": "B", "day": following.first_day, "value": 19.0})
    seen = seen.assign(below=np.arange(len(homes)) < below, comparable=comparable)
    found = dict.fromkeys(("judged_days", "days_below", "longest_streak_days", "visits", "measures", "done"), 1)
    cold = pd.DataFrame([{"building_id": "B", "cold": True, "cause": "network", **found}], index=["a"])
    assert _subject("household", "a", cold, seen, SEASON, following)["proof"] == proof
    assert _subject("building", "B", cold, seen, SEASON, following)["proof"] == "not_proved", "one home is not a building"
    of_three = seen.assign(household_id=[*"abcd", "e"][: len(homes)])
    assert _subject("building", "B", cold, of_three, SEASON, following)["proof"] == proof


def test_the_summer_belongs_to_the_season_before_it() -> None:
    following = Season("2016-17", date(2016, 10, 20), date(2017, 4, 6))
    days = [SEASON.first_day - 1, SEASON.first_day, SEASON.last_day + 30, following.first_day - 1, following.first_day]
    visits = pd.DataFrame({"day": days})
    assert _visits_of(visits, SEASON, following)["day"].tolist() == days[1:4]
    assert _visits_of(visits, following, None)["day"].tolist() == days[4:]


def test_a_valve_is_turned_for_several_homes_and_an_end_has_two() -> None:
    """Known lower bounds: 3 of 4 0.3006, 4 of 4 0.5101."""
    assert np.round(_at_least(np.array([3, 4, 0]), np.array([4, 4, 9])), 4).tolist() == [0.3006, 0.5101, 0]
    rows = [(2, 2, 0, 3.5, 2), (4, 2, 0, 3.5, 1), (5, 1, 0, 3.0, 2), (9, 2, 0, 1.0, 2), (4, 0, 3, np.nan, 0), (8, 3, 5, 3.1, 3)]
    columns = ["measured_households", "below_standard_households", "overheated_households", "near_far_degc", "far_households"]
    frame = pd.DataFrame(rows, columns=columns).assign(near_households=4)
    for found in ("below_standard", "overheated"):
        frame[f"{found}_share_low"] = _at_least(frame[f"{found}_households"], frame["measured_households"])
    assert _advice(frame).tolist() == ["", "open", "leave", "leave", "close", "leave"]
    assert _balance(frame).tolist() == ["act", "watch", "watch", "fine", "", "act"]


def test_renewal_counts_renewal_only_and_no_plan_is_no_percentage() -> None:
    log = pd.DataFrame(
        [
            ("P1", "2015-16", "B1", "S1", "renewal", 1000, 400, FIRST - 50),
            ("P1", "2015-16", "B1", "S1", "renewal", 1000, 900, FIRST + 1),
            ("P2", "2015-16", "B2", "S2", "renewal", 0, 70, FIRST - 40),
            ("P3", "2015-16", "B1", "", "renewal", 600, 600, FIRST - 40),
            ("P4", "2015-16", "B1", "S1", "new_build", 5000, 5000, FIRST - 40),
            ("P5", "2015-16", "B3", "S3", "renewal", 1000, 50, FIRST - 40),
            ("P5", "2015-16", "B3", "S3", "renewal", 500, 50, FIRST - 30),
            ("P5", "2015-16", "B3", "S3", "renewal", 500, 620, FIRST + 2),
        ],
        columns=["project_id", "season", "branch_id", "station_id", "work_type", "planned_dm", "renewed_dm", "day"],
    ).assign(arrival_s=0)
    frame = renewal_progress(_observed(renewal=log))
    company = _cell(frame, day=FIRST + 1, unit_kind="company")
    assert (company["planned_length_m"], company["renewed_length_m"]) == (210.0, 162.0)
    assert (company["renewed_within_plan_m"], company["unplanned_length_m"]) == (155.0, 7.0), "no project fills another one's plan"
    assert company["percent"] == pytest.approx(100 * 155 / 210)
    assert _cell(frame, day=FIRST, unit_id="S3")["percent"] == pytest.approx(10)
    assert _cell(frame, day=FIRST, unit_id="S3")["first_plan_percent"] == pytest.approx(5)
    beyond = _cell(frame, day=FIRST + 2, unit_id="S3")
    assert (beyond["renewed_length_m"], beyond["unplanned_length_m"], beyond["percent"]) == (62.0, 12.0, 100.0)
    assert beyond["first_plan_percent"] == pytest.approx(62)
    assert _cell(frame, day=FIRST, unit_id="B1")["percent"] == pytest.approx(100 * 1000 / 1600)
    assert np.isnan(_cell(frame, day=FIRST, unit_id="S2")["percent"])
    assert _cell(frame, day=FIRST - 50, unit_kind="company")["renewed_length_m"] == 40.0


def _order(number: str, reported: float, restored: float | None, **more: object) -> dict[str, object]:
    """A fault with twenty homes, reported and restored so many hours after the first midnight."""
    end = -1 if restored is None else local_s(FIRST, restored)
    unknown = dict.fromkeys(("diagnosed_s", "decided_s", "on_site_s", "completed_s"), -1)
    row = {"order_no": number, "kind": "故障", "reported_s": local_s(FIRST, reported), "restored_s": end, "without_heat": 20}
    return {**unknown, **row, "branch_id": "B1", "version": 1, "updated_s": 0, "reason": "", "duplicate": False, **more}


def test_an_outage_counts_within_the_season_and_an_open_one_to_the_windows_end() -> None:
    """The season is three days long and the window ends with it."""
    orders = [
        _order("before", -5, 7),
        _order("over", 70, 75),
        _order("summer", -30, 0),
        _order("open", 60, None),
        _order("all", -9, 99),
    ]
    reserves = pd.DataFrame({"day": [], "site": [], "item": [], "quantity": [], "required": []})
    rows = incident_response(_observed(), pd.DataFrame(orders), reserves).set_index("order_no")
    assert rows["season_outage_hours"].fillna(-1).to_dict() == {"before": 7, "over": 2, "summer": -1, "open": 12, "all": 72}
    assert rows["outage_hours"].to_dict() == {"before": 12, "over": 5, "summer": 30, "open": 12, "all": 108}
    assert rows["household_hours_without_heat"].fillna(-1).to_dict() == {
        "before": 140,
        "over": 40,
        "summer": -1,
        "open": 240,
        "all": 1440,
    }
    assert rows["without_heat_from_date"].to_dict() == {
        "before": "2016-01-11", "over": "2016-01-13", "summer": "2016-01-09", "open": "2016-01-13", "all": "2016-01-11",
    }  # fmt: skip
    assert rows.index[rows["is_open"]].tolist() == ["open"] and np.isnan(rows.loc["open", "restored_hours"])


def test_crews_alone_are_no_readiness() -> None:
    """On the first day crews alone; on the second everything; on the third one of the two plants says nothing of its fuel."""
    own = [(day, "B1", item, 6, 6) for day in (1, 2) for item in ("抢修班组", "抢修车辆", "备品备件")]
    plants = [
        (1, "P1", "燃料", 9, 9),
        (1, "P2", "燃料", 9, 9),
        (2, "P1", "燃料", 9, 9),
        (1, "P1", "备用电源", 1, 1),
        (2, "P1", "备用电源", 1, 1),
    ]
    columns = ["day", "site", "item", "quantity", "required"]
    reserves = pd.DataFrame([(0, "B1", "抢修班组", 7, 6), *own, *plants], columns=columns)
    orders = pd.DataFrame([_order(str(day), 24 * day + 3, 24 * day + 4) for day in range(3)])
    found = incident_response(_observed(), orders, reserves.assign(day=reserves["day"] + FIRST))
    assert found["readiness"].tolist() == ["unknown", "ready", "unknown"]
    assert found["unknown_items"].tolist() == ["fuel, power, spare_part, vehicle", "", "fuel"]
    reserves.loc[0, "quantity"] = 5
    assert incident_response(_observed(), orders, reserves.assign(day=reserves["day"] + FIRST))["readiness"].tolist()[0] == "short"


def _export(day: date, rows: list[tuple[str, int]]) -> tuple[date, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=["segment_no", "year"])
    return day, frame.assign(length=100.0, insulation="岩棉", laying="直埋", reason="", duplicate=False)


def test_a_pipe_is_new_from_the_export_that_first_shows_it() -> None:
    """R was renewed in the summer: earlier failures are the old pipe's. L is registered late, C's year was corrected."""
    exports = [
        _export(date(2015, 9, 1), [("R", 1980), ("C", 1990)]),
        _export(date(2016, 9, 1), [("R", 2016), ("C", 1985)]),
        _export(date(2016, 11, 1), [("R", 2016), ("C", 1985), ("L", 2015)]),
    ]
    failures = [
        ("R", date(2016, 1, 20)), ("R", date(2016, 8, 31)), ("R", date(2016, 9, 1)), ("C", date(2015, 5, 2)),
        ("L", date(2015, 12, 31)), ("L", date(2016, 1, 1)), ("", date(2015, 5, 1)), ("", date(2017, 4, 30)),
    ]  # fmt: skip
    orders = [
        _order(str(n), 24 * (day_number(day) - FIRST) + 12, None, segment_no=segment) for n, (segment, day) in enumerate(failures)
    ]
    found = pipe_risk(pd.DataFrame(orders), exports).set_index("segment_no")
    assert found["failures"].to_dict() == {"R": 1, "C": 1, "L": 1}
    years = found["failures"] / found["failures_per_km_year"].astype(float) / 0.1
    assert (years * 365.25).round(6).to_dict() == {"R": 242, "C": 731, "L": 486}
