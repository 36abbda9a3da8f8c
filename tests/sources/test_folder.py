"""A folder of this machine: nothing leads out of the root that the installation opens, and a mount that hangs is given up."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hearth.sources import folder
from hearth.sources.delivery import SourceError, SourceUnavailable
from tests.support.places import Place

pytestmark = pytest.mark.parametrize("kind", ["folder"])


@pytest.mark.fault("F33")
@pytest.mark.parametrize("said", ["..", "/../etc", "files/../..", "files/\0"])
def test_a_contract_cannot_lead_out_of_the_root(place: Place, said: str) -> None:
    with pytest.raises(ValidationError, match="leads out of the root"):
        place.source(folder=said)


@pytest.mark.fault("F33")
def test_a_linked_folder_is_taken_below_the_root_and_refused_elsewhere(place: Place, tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "rootless"
    for each in (root / "in", outside):
        each.mkdir(parents=True)
        (each / "a.csv").write_bytes(b"a")
        os.utime(each / "a.csv", (1451995200, 1451995200))
    place.connection["extra"]["path"] = str(root)
    (root / "link").symlink_to(root / "in")
    (root / "out").symlink_to(outside)
    for said in ("link", "/link/", "in/."):
        place.said["folder"] = said
        assert place.pulled() == {"a.csv": b"a"}
    for said in ("out", "/out"):
        place.said["folder"] = said
        with pytest.raises(
            SourceError, match=r"expected a folder below \S+/root, .* a link leads to \S+/rootless\. Nothing was read"
        ):
            place.pulled()


@pytest.mark.fault("F33")
def test_a_folder_that_becomes_a_link_when_it_is_opened_is_not_followed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking where it leads and opening it."""
    resolve = Path.resolve

    def resolved(path: Path, strict: bool = False) -> Path:
        made = resolve(path, strict)
        if path.name == "files":
            (tmp_path / "files").rmdir()
            (tmp_path / "files").symlink_to("/etc")
        return made

    monkeypatch.setattr(Path, "resolve", resolved)
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        place.pulled()


@pytest.mark.parametrize("path", [None, "", "relative", "~/files"])
def test_a_connection_without_a_root_is_refused(place: Place, path: str | None) -> None:
    place.connection["extra"] = {"path": path} if path is not None else {}
    with pytest.raises(SourceError, match=r"expected the extra `path` of the connection hearth_place .* absolute path; came"):
        place.pulled()


def test_a_folder_that_is_not_mounted_may_be_there_later(place: Place) -> None:
    place.said["folder"] = "elsewhere"
    with pytest.raises(SourceUnavailable, match=r"elsewhere: cannot be reached over hearth_place: .*No such file"):
        place.pulled()


def test_more_names_than_are_asked_for_at_once_are_listed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "NAMES", 3)
    for number in range(7):
        place.deliver(f"{number}.csv")
    assert len(place.pulled()) == 7


@pytest.mark.fault("F17")
def test_a_mount_that_hangs_is_given_up_in_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such mount can be made here: the system call is one that never comes back."""
    place.deliver("a.csv")
    waiting, read = threading.Event(), os.read

    def hangs(file: int, size: int) -> Any:
        waiting.wait(10)
        return read(file, size)

    monkeypatch.setattr(folder.os, "read", hangs)
    since = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"too slow; the limit source\.limits\.pull_seconds is 1"):
        place.pulled(pull_seconds=1)
    waiting.set()
    assert time.monotonic() - since < 4
