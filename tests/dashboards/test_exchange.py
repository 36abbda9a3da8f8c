"""Import and export, over the real REST API: twice is as good as once, and what comes back is what went in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hearth.dashboards import exchange, files
from hearth.dashboards.client import Superset, SupersetError
from tests.support.viewing import Site

pytestmark = pytest.mark.servers


@pytest.fixture
def superset(site: Site) -> Superset:
    return Superset.from_environment()


def state(superset: Superset) -> list[tuple]:
    """What a write would change: when each thing was written last, and every role, rule and login."""
    times = [
        (kind, row["uuid"], row["changed_on_utc"]) for kind in ("dashboard", "chart", "dataset") for row in superset.every(kind)
    ]
    rules = [("rule", row["name"], row["clause"]) for row in superset.every("rowlevelsecurity")]
    logins = [("login", row["username"], row["changed_on"]) for row in superset.every("security/users")]
    roles = [
        ("role", row["name"], len(superset.get(f"security/roles/{row['id']}/permissions/")["result"]))
        for row in superset.every("security/roles")
    ]
    return sorted([*times, *rules, *logins, *roles], key=str)


def test_a_second_import_changes_nothing(superset: Superset) -> None:
    before = state(superset)
    done = exchange.bring_in(superset)
    assert (done.changed, done.access) == ([], [])
    assert state(superset) == before


def test_an_export_after_an_import_gives_no_difference(superset: Superset, tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    shutil.copytree(files.FOLDER, folder)
    assert exchange.take_out(superset, folder) == []
    for path in folder.rglob("*.yaml"):
        assert path.read_text(encoding="utf-8") == (files.FOLDER / path.relative_to(folder)).read_text(encoding="utf-8")
    empty = tmp_path / "empty"
    shutil.copytree(files.FOLDER / "dashboards", empty / "dashboards")
    exchange.take_out(superset, empty)
    ours, theirs = files.read(), files.read(empty)
    assert {content["uuid"] for content in theirs.values()} == {content["uuid"] for content in ours.values()}


def test_an_edit_comes_out_as_one_changed_file_and_an_import_takes_it_back(superset: Superset, tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    shutil.copytree(files.FOLDER, folder)
    wanted = files.read()["charts/overview_room.yaml"]
    number = next(row["id"] for row in superset.every("chart") if row["uuid"] == wanted["uuid"])
    superset.put(f"chart/{number}", {"description": "edited 已修改", "cache_timeout": 60})
    try:
        assert exchange.take_out(superset, folder) == ["charts/overview_room.yaml"]
        edited = files.read(folder)["charts/overview_room.yaml"]
        assert edited == {**wanted, "description": "edited 已修改", "cache_timeout": 60}
    finally:
        done = exchange.bring_in(superset)
    assert done.changed == ["charts/overview_room.yaml"]
    assert superset.get(f"chart/{number}")["result"]["description"].startswith(wanted["description"][:40])
    assert superset.get(f"chart/{number}")["result"]["cache_timeout"] is None, "what the folder leaves out is taken back as well"


def test_a_wrong_password_of_the_importer_is_said_in_words(site: Site) -> None:
    with pytest.raises(SupersetError, match="does not know this login"):
        Superset(site.url, "admin", "wrong")


def test_a_dashboard_that_is_not_there_cannot_be_exported(superset: Superset, tmp_path: Path) -> None:
    with pytest.raises(SupersetError, match="no dashboard called nowhere"):
        exchange.take_out(superset, tmp_path, ["nowhere"])


def test_a_missing_setting_is_named(superset: Superset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_PAGES_URL")
    with pytest.raises(SupersetError, match="HEARTH_PAGES_URL is not set"):
        exchange.bring_in(superset)
