"""What planted.json says is what stands in the files, counted by rules written down anew in reading.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city.calendar import DESIGN_OUTDOOR_DEGC
from tests.support import reading
from tests.support.reading import READERS, City


@pytest.mark.parametrize("feed", READERS)
def test_counts_are_those_of_the_files(whole_city: City, rows: dict[str, pd.DataFrame], feed: str) -> None:
    planted, found = whole_city.planted["feeds"][feed], rows[feed]
    rejected = found[~found["duplicate"] & (found["reason"] != "")]["reason"].value_counts().to_dict()
    assert len(found) == planted["rows_read"]
    assert int(found["duplicate"].sum()) == planted["rows_duplicate"]
    assert rejected == planted["quarantined_by_reason"]
    if "bad" in found:
        bad = found[~found["duplicate"] & (found["reason"] == "") & (found["bad"] != "")]["bad"].value_counts().to_dict()
        assert bad == planted["left_out"] and len(bad) > 1, "one channel goes, its row stays"


@pytest.mark.parametrize("feed", READERS)
def test_no_feed_is_so_bad_that_its_gate_would_hold_it(whole_city: City, feed: str) -> None:
    planted = whole_city.planted["feeds"][feed]
    assert sum(planted["quarantined_by_reason"].values()) < 0.08 * planted["rows_read"]


def test_every_reason_is_planted_somewhere(whole_city: City) -> None:
    found = {r for feed in whole_city.planted["feeds"].values() for r in feed["quarantined_by_reason"]}
    assert found >= {
        "missing_key",
        "unreadable_time",
        "unreadable_value",
        "missing_value",
        "error_code",
        "unknown_code",
        "time_after_arrival",
        "time_too_old",
        "closed_before_created",
        "out_of_range",
        "unknown_point",
        "renewal_exceeds_plan",
        "conflicting_duplicate",
    }


def test_series_rules_exclude_what_was_planted_and_nothing_else(whole_city: City, rows: dict[str, pd.DataFrame]) -> None:
    staged = _staged(rows["remote_points"])
    points = pd.read_csv(whole_city.folder / "sql" / "register.point_log.csv")
    coarse = set(points[points["resolution_degc"] > 0.1]["point_id"])
    excluded = reading.series_exclusions(staged, coarse)
    other = whole_city.planted["feeds"]["remote_points"]["other"]
    assert int(excluded.sum()) == other["readings_excluded"] > 30
    assert {"stuck_readings", "spike_readings", "window_readings"} <= set(other)


def test_no_sound_reading_and_no_day_stands_on_a_limit(rows: dict[str, pd.DataFrame]) -> None:
    staged = _staged(rows["remote_points"])
    assert not (staged["value"] == 18.0).any()
    for feed in ("fixed_rounds_csv", "fixed_rounds_xlsx", "mobile_visits"):
        sound = rows[feed][rows[feed]["reason"] == ""]
        assert not sound["value"].isin([18.0, 20.0, 24.0]).any()


def test_no_day_has_about_three_quarters_of_its_readings(whole_city: City, rows: dict[str, pd.DataFrame]) -> None:
    staged = _staged(rows["remote_points"])
    points = pd.read_csv(whole_city.folder / "sql" / "register.point_log.csv")
    coarse = set(points[points["resolution_degc"] > 0.1]["point_id"])
    kept = staged[~reading.series_exclusions(staged, coarse)]
    kept = kept.sort_values(["point", "read"])
    an_hour_on = kept["read"] + pd.Timedelta("1h")
    until = np.minimum(kept["read"].groupby(kept["point"]).shift(-1).fillna(an_hour_on), an_hour_on)
    day = kept["read"].dt.normalize()
    midnight = day + pd.Timedelta("1D")
    within, after = np.minimum(until, midnight) - kept["read"], (until - midnight).clip(lower=pd.Timedelta(0))
    hours = pd.concat([kept[["point"]].assign(day=day, held=within), kept[["point"]].assign(day=midnight, held=after)])
    share = hours.groupby(["point", "day"])["held"].sum() / pd.Timedelta("1D")
    assert not ((share > 0.70) & (share < 0.80)).any()
    many = kept.groupby(["point", day.rename("day")]).size()
    assert (many[share[share < 0.2].index.intersection(many.index)] >= 18).any(), "a burst of a whole day's readings"


def test_no_daily_outdoor_mean_lies_near_the_design_temperature(rows: dict[str, pd.DataFrame]) -> None:
    weather = rows["weather"]
    sound = weather[(weather["reason"] == "") & ~weather["duplicate"]].sort_values("arrival")
    mean = sound.drop_duplicates("read", keep="last").groupby(sound["read"].dt.date)["value"].mean()
    assert np.abs(mean - DESIGN_OUTDOOR_DEGC).min() > 0.1
    assert 3 <= (mean < DESIGN_OUTDOOR_DEGC).sum() <= 25


def test_no_two_calls_of_a_household_are_about_a_day_apart(rows: dict[str, pd.DataFrame]) -> None:
    lines = [rows[feed] for feed in ("hotline_963963", "city_line_12345", "city_line_12319")]
    sound = pd.concat([f[(f["reason"] == "") & ~f["duplicate"]] for f in lines]).sort_values(["version", "arrival"])
    latest = sound.drop_duplicates(["line", "ticket_no"], keep="last")
    named = latest[(latest["kind"] == "complaint") & (latest["household"] != "")]
    named = named.sort_values(["household", "category", "created"])
    hours = named.groupby(["household", "category"])["created"].diff().dt.total_seconds() / 3600
    assert not hours.between(23, 25).any()
    assert (hours < 24).any()


def test_tickets_of_three_lines_refer_to_each_other(rows: dict[str, pd.DataFrame]) -> None:
    hotline = set(rows["hotline_963963"]["ticket_no"])
    for feed in ("city_line_12345", "city_line_12319"):
        related = set(rows[feed]["related"]) - {""}
        assert related <= hotline
    lines = pd.concat([rows["city_line_12345"], rows["city_line_12319"]])
    assert (lines["related"] != "").any()
    assert (lines[lines["kind"] == "complaint"]["household"] == "").any()


def test_tangled_tickets_are_the_cases_their_stories_say(whole_city: City) -> None:
    """Tickets by case of the numbers from 9 on; the second winter has a call that names one of the first, which is two cases."""
    cases = pd.read_csv(whole_city.folder / "truth" / "complaint_cases.csv")
    mine = cases[cases["case_id"].str.contains("-9[0-9]{3}$")]
    winter = [6, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1]
    assert sorted(mine["tickets"]) == sorted([*winter, *winter, 1, 1])
    dated = dict(zip(mine["case_id"], mine["case_date"], strict=True))
    eve = {number: day for number, day in dated.items() if "1019-" in number}
    assert sorted(eve.values()) == ["2015-10-20", "2016-10-20"]


def test_sent_again_files_stand_under_another_name_with_the_same_rows(whole_city: City) -> None:
    again = [name for name in whole_city.delivered if "重发" in name]
    assert {name.split("/")[1] for name in again if name.startswith("rounds")} == {"xlsx", "csv"}
    for name in again:
        first = name.replace("_重发", "")
        if name.endswith(".csv"):
            files = whole_city.folder / "files"
            assert (files / name).read_bytes() == (files / first).read_bytes()
        assert whole_city.delivered[name] > whole_city.delivered[first]


def test_round_files_have_the_habits_of_their_makers(rows: dict[str, pd.DataFrame]) -> None:
    texts = [t for t in rows["fixed_rounds_xlsx"]["text"] if isinstance(t, str)]
    assert any(t and t[0] in "１２" for t in texts)
    assert any(isinstance(t, float) for t in rows["fixed_rounds_xlsx"]["text"])


def _staged(frame: pd.DataFrame) -> pd.DataFrame:
    """Sound readings, one a point and time: live before replayed, then the latest arrival."""
    sound = frame[~frame["duplicate"] & (frame["reason"] == "")]
    order = sound.sort_values(["hist", "arrival"], ascending=[True, False], kind="stable")
    return order.drop_duplicates(["point", "read"])
