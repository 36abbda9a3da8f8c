"""Bring dashboards/ into a Superset, and what was changed there back into the folder. Both may be run any number of times."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hearth.dashboards import files
from hearth.dashboards.access import Access
from hearth.dashboards.client import Superset, SupersetError, setting


@dataclass
class Done:
    """What an import did, in words."""

    changed: list[str] = field(default_factory=list)
    access: list[str] = field(default_factory=list)


def place() -> files.Place:
    """This installation, from the environment. Raises SupersetError with what is missing."""
    return files.Place(
        setting("HEARTH_WAREHOUSE_URL_DASHBOARDS", "the PostgreSQL URL of the dashboards role, as Superset reaches it"),
        setting("HEARTH_PAGES_URL", "the address of the pages (Data Docs, KPI catalogue), as a browser reaches them").rstrip("/"),
    )


def bring_in(superset: Superset, folder: Path = files.FOLDER, force: bool = False) -> Done:
    """Make the Superset's dashboards, roles, rules and logins what the folder says; nothing is written when they are already.

    `force` writes all the same: after the warehouse's password has changed, which nobody can read back. What Superset
    refuses is refused whole. Raises SupersetError.
    """
    here, ours = place(), files.read(folder)
    changed = files.differences(ours, _exported(superset, here, ours, []))
    if force or changed or not _reaches(superset, ours, here):
        passwords = {path: here.password for path in ours if path.startswith("databases/")}
        _upload(superset, files.bundle(ours, here), passwords)
        left = files.differences(ours, _exported(superset, here, ours, []))
        if left:
            raise SupersetError(f"Superset took the import and still says something else in: {', '.join(left)}")
    return Done(changed, Access.read(folder).apply(superset, ours))


def take_out(superset: Superset, folder: Path = files.FOLDER, slugs: Iterable[str] = ()) -> list[str]:
    """Write our dashboards, and others by their slugs, into the folder as they are in Superset now; returns the files changed."""
    ours = files.read(folder)
    return files.write(_exported(superset, place(), ours, slugs), folder)


def _exported(superset: Superset, here: files.Place, ours: dict[str, dict], slugs: Iterable[str]) -> dict[str, dict]:
    wanted = {content["uuid"] for path, content in ours.items() if path.startswith("dashboards/")}
    others = set(slugs)
    found = [d for d in superset.every("dashboard") if d["uuid"] in wanted or d["slug"] in others]
    missing = others - {d["slug"] for d in found}
    if missing:
        raise SupersetError(f"there is no dashboard called {', '.join(sorted(missing))} in {superset.url}")
    if not found:
        return {}
    numbers = ",".join(str(d["id"]) for d in found)
    return files.unbundle(superset.content(f"dashboard/export/?q=!({numbers})"), here, ours)


def _reaches(superset: Superset, ours: dict[str, dict], here: files.Place) -> bool:
    """Whether the database there is the one of this place, under the same login."""
    known = {d["uuid"]: d["id"] for d in superset.every("database")}
    databases = [content["uuid"] for path, content in ours.items() if path.startswith("databases/")]
    if not all(uuid in known for uuid in databases):
        return False
    answers = [superset.get(f"database/{known[uuid]}/connection")["result"] for uuid in databases]
    return all(answer.get("sqlalchemy_uri") == here.address for answer in answers)


def _upload(superset: Superset, archive: bytes, passwords: dict[str, str]) -> None:
    superset.upload("assets/import/", "bundle", archive, {"passwords": json.dumps(passwords)})
