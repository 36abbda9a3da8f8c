"""Times of a source that are not what they seem: epochs of several units in one column, and a clock that is an hour off."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hearth.contracts.loading import REPOSITORY, load_contracts
from hearth.intake.take_in import BatchHeld
from hearth.proof import stages
from tests.support.weather import DAY, ZONE, Source, hours, load, pull
from tests.support.world import Warehouse

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
HOUR = timedelta(hours=1)


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)


def moved(items: list[dict[str, Any]], by: timedelta, *columns: str) -> list[dict[str, Any]]:
    """The readings with these times as a clock shows them that is off by so much."""
    return [{**item, **{name: f"{instant(item[name]) + by:%Y-%m-%d %H:%M:%S}" for name in columns}} for item in items]


def reasons(warehouse: Warehouse) -> dict[str, int]:
    """Why rows of the days from DAY on wait."""
    waiting = "select first_reason, count(*) from quarantine.row_open join ledger.batch using (batch_id)"
    return dict(warehouse.rows(f"{waiting} where interval_start >= %s group by 1", DAY))


def observed(warehouse: Warehouse) -> list[datetime]:
    return [at for (at,) in warehouse.rows("select observed_at from raw.outdoor_reading where arrived_at >= %s order by 1", DAY)]


@pytest.mark.fault("F24")
@pytest.mark.parametrize(
    ("agreed", "refused"),
    [
        ("s", {"unreadable_time": 4}),  # read as seconds they are beyond the year 9999
        ("ms", {"unreadable_time": 2, "arrived_outside_interval": 1, "time_too_old": 1}),
        ("us", {"arrived_outside_interval": 2, "time_too_old": 2}),  # read as microseconds they are of 1970
    ],
)
def test_epochs_of_another_unit_are_refused_row_by_row(
    installed: Warehouse, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agreed: str, refused: dict[str, int]
) -> None:
    text = (REPOSITORY / "feeds" / "weather.yml").read_text(encoding="utf-8")
    for name in ("arrival", "observed_at"):
        column = {"arrival": "pubTime", "observed_at": "obsTime"}[name]
        text = text.replace(f"{name}: {column}\n", f"{name}: {{from: {column}, epoch: {agreed}}}\n")
    (tmp_path / "weather.yml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    source.items = [
        {**item, **{name: int(instant(item[name]).timestamp()) * PER_SECOND[agreed] for name in ("obsTime", "pubTime")}}
        for item in hours(24)
    ]
    others = [unit for unit in PER_SECOND if unit != agreed]
    for place, (unit, name) in enumerate((unit, name) for unit in others for name in ("obsTime", "pubTime")):
        source.items[5 + place][name] = source.items[5 + place][name] // PER_SECOND[agreed] * PER_SECOND[unit]
    assert (load(pull())["rows_loaded"], reasons(installed)) == (20, refused)
    assert observed(installed) == [DAY + hour * HOUR for hour in range(24) if not 5 <= hour < 9]


@pytest.mark.fault("F24")
def test_readings_of_a_clock_that_is_an_hour_fast(installed: Warehouse, source: Source) -> None:
    """Of one instrument: its readings wait. Of all: the batch is held. Of the arrivals as well: the last is of the next day."""
    source.items = hours(24)[:-2] + moved(hours(24)[-2:], HOUR, "obsTime")
    assert load(pull())["rows_loaded"] == 22
    assert reasons(installed) == {"time_after_arrival": 2}
    source.items = moved(hours(24), HOUR, "obsTime")
    with pytest.raises(BatchHeld, match="held 24 rows"):
        load(pull())
    assert observed(installed) == [DAY + hour * HOUR for hour in range(22)]
    fast = moved(hours(24), HOUR, "obsTime", "pubTime")
    source.items = fast
    assert load(pull())["rows_loaded"] == 23
    assert reasons(installed) == {"arrived_outside_interval": 1}
    source.items = fast[-1:]
    load(pull(DAY + 24 * HOUR))
    assert observed(installed) == [DAY + hour * HOUR for hour in range(1, 25)], "each once"


@pytest.mark.fault("F24")
def test_what_a_clock_that_is_an_hour_slow_dates_back_is_missed_by_the_count(installed: Warehouse, source: Source) -> None:
    """The last hour of the day is written into it after the day was pulled; asked again, the source counts one more."""
    source.items = hours(23)
    load(pull())
    source.items = hours(24)
    weather = {"weather": load_contracts()["weather"]}
    newest = stages.standing_pulls("weather")[-1:]
    found = [check for check in stages.reconcile("test", newest, weather, wholes=False) if check.stage == "source"]
    assert [(check.outcome, check.expected, check.found) for check in found] == [("differs", 23, 24)]
    load(pull())
    assert observed(installed) == [DAY + hour * HOUR for hour in range(24)]
