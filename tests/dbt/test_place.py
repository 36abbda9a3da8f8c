"""A place that `hearth place init` makes is built as it is."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hearth.dated.calendar import Season
from hearth.dated.place_folder import Place, write_place


def test_seeds_of_a_new_place_are_built(company, tmp_path: Path) -> None:
    season = Season("2015-16", date(2015, 10, 15), date(2016, 4, 15))
    write_place(tmp_path / "urumqi", Place("urumqi", "Heat", "供热", ZoneInfo("Asia/Urumqi"), (season,), 20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_SEEDS", str(tmp_path / "urumqi"))
        company.dbt(
            "build", "--select", "resource_type:seed", "+int_season", "stg_temperature_standard", "+int_limit_period", full=True
        )
    assert company.rows("select season, season_days from intermediate.int_season") == [("2015-16", 184)]
    assert company.rows("select room_type, value_degc from staging.stg_temperature_standard order by 1") == [
        ("bedroom", 20.0), ("living_room", 20.0),
    ]  # fmt: skip
