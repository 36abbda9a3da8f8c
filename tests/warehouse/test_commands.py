"""What every command of a kind says before it begins: of a feed nobody knows, of a folder that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.contracts.loading import feeds_folder
from tests.support.weather import DAY, Source, hours, load, pull
from tests.support.world import Warehouse

FILLED = {
    "row": "3f9a01c2:17",
    "start": "2016-01-01",
    "end": "2016-01-02",
    "why": "a test",
    "season": "2016-17",
    "entity": "room_reading",
}


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def given(command: click.Command, asked: click.Parameter, value: str) -> list[str]:
    """Arguments of the command with `value` for one parameter, and whatever fits for the others it must have."""
    words: list[str] = []
    for parameter in command.params:
        text = value if parameter is asked else FILLED.get(parameter.name or "", "")
        if parameter is asked or parameter.required or (command.name == "evidence" and parameter.name == "season"):
            words += [parameter.opts[0], text] if isinstance(parameter, click.Option) else [text]
    return words


WITH_FEED = [(path, command, each) for path, command in commands() for each in command.params if each.name == "feed"]


def test_every_command_that_is_told_a_feed_refuses_one_nobody_knows(installed: Warehouse) -> None:
    assert len(WITH_FEED) >= 11
    silent = []
    for path, command, parameter in WITH_FEED:
        told = CliRunner().invoke(main, [*path, *given(command, parameter, "wether")])
        if told.exit_code == 0 or str(feeds_folder()) not in told.output or "weather" not in told.output:
            silent.append((path, told.exit_code, told.output, told.exception))
    assert silent == []


def test_a_feed_of_old_has_no_contract_any_more_and_is_known(
    installed: Warehouse, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.items = hours(24, DAY)
    load(pull(DAY))
    monkeypatch.setenv("HEARTH_FEEDS", str(tmp_path))
    assert "stands, 24 rows" in CliRunner().invoke(main, ["pulls", "list", "weather"]).output
    assert (
        f"no feed 'wether' in {tmp_path}; did you mean 'weather'?" in CliRunner().invoke(main, ["pulls", "list", "wether"]).output
    )


def test_a_missing_folder_is_told_before_the_work(tmp_path: Path) -> None:
    """Of every command that writes one file where it is told to."""
    sample = tmp_path / "sample.csv"
    sample.write_text("测点编号,测温时间,室温(℃)\nA,2015-11-13 10:00,20.5\n", encoding="utf-8")
    silent, looked_at = [], 0
    for path, command in commands():
        for parameter in command.params:
            if not isinstance(parameter.type, click.Path) or parameter.type.exists or not parameter.type.file_okay:
                continue
            looked_at += 1
            words = [str(sample) if word == "" else word for word in given(command, parameter, str(tmp_path / "missing" / "x.yml"))]
            told = CliRunner().invoke(main, [*path, *words])
            if told.exit_code != 2 or f"the folder {tmp_path / 'missing'} is not there" not in told.output:
                silent.append((path, told.exit_code, told.output, told.exception))
    assert silent == [] and looked_at >= 6
