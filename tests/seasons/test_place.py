"""A place of one's own: made by `hearth place init`, checked by file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.dated.calendar import load_seasons
from hearth.dated.dated_rows import place_time_zone
from hearth.dated.limits import Limits
from hearth.dated.place_folder import OURS

ANSWERS = (
    "--jurisdiction", "harbin", "--name", "Heat of Harbin", "--zone", "Asia/Harbin",
    "--season", "2026-27:2026-10-20..2027-04-20", "--season", "2027-28:2027-10-20..2028-04-20", "--standard", "20",
)  # fmt: skip


def hearth(*words: object) -> Result:
    return CliRunner().invoke(main, ["place", *map(str, words)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place") / "harbin"
    told = hearth("init", folder, *ANSWERS)
    assert told.exit_code == 0, told.output
    assert "kpi_target.csv has no row: no figure is judged" in told.output and f"HEARTH_SEEDS={folder}" in told.output
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "harbin")


def test_a_new_folder_can_be_used_and_is_not_written_over(folder: Path) -> None:
    assert [(s.code, s.days) for s in load_seasons(folder)] == [("2026-27", 183), ("2027-28", 184)]
    assert place_time_zone(folder) == "Asia/Harbin" and len(Limits.from_seeds(folder).on(load_seasons(folder)[0].start)) > 100
    assert hearth("check", folder).exit_code == 0
    (folder / "place.csv").write_text("mine", encoding="utf-8")
    again = hearth("init", folder, *ANSWERS)
    assert again.exit_code == 1 and "has design_temperature.csv and perhaps more" in again.output
    assert (folder / "place.csv").read_text(encoding="utf-8") == "mine"


def test_the_folders_of_this_repository_can_be_used() -> None:
    for there in (OURS, OURS.parents[2] / "examples/real_data/seeds"):
        assert hearth("check", there).exit_code == 0, there


@pytest.mark.parametrize(
    ("seed", "before", "after", "told"),
    [
        ("place", "Asia/Harbin", "Asia/Harbinn", "place.csv:2: time_zone 'Asia/Harbinn': expected a name such as Asia/Shanghai"),
        ("place", "harbin,Heat of Harbin", "Harbin,Heat of Harbin", "temperature_standard.csv: no row of 'Harbin'"),
        (
            "temperature_standard",
            "bedroom,20",
            "bedroom,20 degC",
            "temperature_standard.csv:3: value_degc '20 degC': expected a number",
        ),
        (
            "temperature_standard",
            "bedroom",
            "living_room",
            "temperature_standard.csv:3: harbin living_room holds from 2000-01-01, and",
        ),
        ("temperature_standard", ",false,", ",no,", "temperature_standard.csv:2: verified 'no': expected true or false"),
        ("heating_season", "2027-10-20,", "2027-02-20,", "heating_season.csv: heating seasons 2026-27 and 2027-28 overlap"),
        ("heating_season", "2026-10-20,,", ",,", "heating_season.csv:2: valid_from is empty"),
        ("heating_season", "2027-04-20", "2027-04-31", "heating_season.csv:2: statutory_end '2027-04-31': expected a day"),
        ("kpi_target", "kpi,", "", "kpi_target.csv:1: the header lacks kpi; expected jurisdiction,kpi,value"),
        ("validation_limit", "room_min_degc", "room_mni_degc", "validation_limit.csv:2: nobody reads a limit 'room_mni_degc'"),
        ("validation_limit", "room_min_degc", "room_mni_degc", "validation_limit.csv: no row of room_min_degc"),
        ("retention_rule", "3650,days", "3650", "retention_rule.csv:2: 8 cells, expected 9"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(folder: Path, seed: str, before: str, after: str, told: str) -> None:
    path = folder / f"{seed}.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    answer = hearth("check", folder)
    assert answer.exit_code == 1 and told in answer.output, answer.output


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    (folder / "refund_tier.csv").unlink()
    assert "refund_tier.csv: not there; `hearth place init` makes it" in hearth("check", folder).output


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--zone", "Harbin"), "no time zone"),
        (("--season", "2026-27"), "expected such as 2026-27:2026-10-20"),
        (("--season", "2026-27:2027-04-20..2026-10-20"), "ends before it begins"),
    ],
)
def test_answers_that_cannot_be_are_refused(tmp_path: Path, given: tuple[str, str], told: str) -> None:
    answer = hearth("init", tmp_path / "new", *ANSWERS, *given)
    assert answer.exit_code == 2 and told in answer.output and not (tmp_path / "new").exists()
