"""`hearth contract check`: files and folders, every mistake of all of them at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from hearth.cli import main
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
