"""`hearth contract check`: files and folders, every mistake of all of them at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.entities import ENTITIES
from hearth.contracts.loading import REPOSITORY


def check(*paths: Path) -> Result:
    return CliRunner().invoke(main, ["contract", "check", *map(str, paths)])


def test_a_folder_is_checked_whole(tmp_path: Path) -> None:
    assert check(REPOSITORY / "examples" / "real_data" / "feeds").output == "5 contract(s) are well-formed\n"
    shutil.copytree(REPOSITORY / "feeds", tmp_path / "feeds")
    weather, forecast = tmp_path / "feeds" / "weather.yml", tmp_path / "feeds" / "forecast.yml"
    weather.write_text(weather.read_text(encoding="utf-8").replace("unit: degC", "unit: F"), encoding="utf-8")
    forecast.write_text("feed: [", encoding="utf-8")
    refused = check(tmp_path / "feeds")
    assert refused.exit_code == 1
    assert f"{weather}:" in refused.output and "unit 'F' cannot become degC" in refused.output
    assert f"{forecast}:" in refused.output and "not YAML" in refused.output


def test_a_file_twice_a_feed_twice_and_an_empty_folder(tmp_path: Path) -> None:
    weather = REPOSITORY / "feeds" / "weather.yml"
    assert check(weather, weather).output == "1 contract(s) are well-formed\n"
    other = tmp_path / "other"
    other.mkdir()
    assert "no contract in this folder; expected files called <feed>.yml" in check(other).output
    shutil.copy(weather, other)
    assert "feed 'weather' is described in" in check(weather, other).output


@pytest.mark.parametrize("key", ["season", "off_season"])
@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("every night", "is no cron; expected the five fields minute hour day month weekday"),
        ("0 24 * * *", "is no cron: [0 24 * * *] is not acceptable, out of range; expected"),
        ("0 0 31 2 *", "is a day that never comes"),
        ("0 0 6 * * *", "is no cron; expected the five fields"),
        ("@once", "is no cron"),
        ("", "is no cron"),
        ("H 0 * * *", "is no cron"),
        ("30 6 * * 1-5", None),
        ("@daily", None),
        ("@quarterly", None),
        ("0 0 L * *", None),
        ("0 0 29 2 *", None),
    ],
)
def test_a_cron_that_airflow_cannot_read_is_an_error_with_its_line(tmp_path: Path, key: str, cron: str, told: str | None) -> None:
    from airflow.exceptions import AirflowTimetableInvalid
    from airflow.timetables.interval import CronDataIntervalTimetable

    text = (REPOSITORY / "feeds" / "weather.yml").read_text(encoding="utf-8")
    lines = [
        f'schedule: {{season: "0 0 * * *", {key}: "{cron}"}}' if line.startswith("schedule:") else line
        for line in text.splitlines()
    ]
    number = next(number for number, line in enumerate(lines, 1) if line.startswith("schedule:"))
    lines[number - 1] = lines[number - 1].replace('season: "0 0 * * *", season', "season")
    path = tmp_path / "weather.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = check(path)
    assert found.exit_code == (told is not None), found.output
    if told is None:
        CronDataIntervalTimetable(cron, "UTC").validate()
        return
    assert f"{path}:{number}: schedule.{key}: {cron!r} {told}" in found.output
    if ("five fields" in told and len(cron.split()) > 5) or "never comes" in told:
        return  # Airflow takes these, and runs them every second of an hour, or never
    with pytest.raises(AirflowTimetableInvalid):
        CronDataIntervalTimetable(cron, "UTC").validate()


def test_remarks_of_a_draft_that_still_stand_are_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "weather.yml"
    text = (REPOSITORY / "feeds" / "weather.yml").read_text(encoding="utf-8")
    path.write_text("# open: who is asked?\n# a note of ours: open\n" + text + "  # guess: read as it came\n", encoding="utf-8")
    found = check(path)
    assert found.exit_code == 0
    assert found.output.splitlines() == [
        "1 contract(s) are well-formed; 2 remark(s) of a draft are still unanswered:",
        f"{path}:1: open: who is asked?",
        f"{path}:{len(text.splitlines()) + 3}: guess: read as it came",
    ]


def test_the_canonical_columns_are_printed_from_the_code() -> None:
    for name, entity in ENTITIES.items():
        told = CliRunner().invoke(main, ["contract", "columns", name]).output.splitlines()
        assert [line.split()[0] for line in told[1:]] == [column.name for column in entity.columns]
    told = CliRunner().invoke(main, ["contract", "columns", "renewal_progress"]).output
    assert "key: project_id, progress_date" in told
    length = next(line for line in told.splitlines() if line.split()[0] == "renewed_length_m")
    assert length.split(maxsplit=1)[1] == "number; required; stored in m; unit: m, km, cm, mm; trench length done so far"
