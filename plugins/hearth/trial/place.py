"""Where a trial is: a database beside the warehouse, `<warehouse>_trial_<name>`, and a folder of its own below HEARTH_TRIALS.

A folder, made first, or a database whose comment says so is a trial: another database of such a name is none. The comment, written
last, says that it is whole, who began it and when.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from hearth.landing.store import LandingStore
from hearth.warehouse.connections import warehouse_url
from hearth.warehouse.roles import ROLES

NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
LONGEST_DATABASE = 63
SILENT = (
    "AIRFLOW_CONN_HEARTH_CHAT",
    "AIRFLOW_CONN_HEARTH_MAIL",
    "HEARTH_ALERTS_TO",
    "HEARTH_BRIEF_TO",
    "HEARTH_DASHBOARDS_BRANCH_KEY",
    "HEARTH_FOUR_EYES",
    "HEARTH_PAGES_URL",
    "OPENLINEAGE_URL",
)
"""Empty in a trial: it sends nothing to anybody, makes no logins, and needs no second person."""


class NoTrial(ValueError):
    """There is no such trial, its name is none, or what was asked is not done in one; says what to do."""


@dataclass(frozen=True)
class Trial:
    """A trial by its name, whether it is there or not."""

    name: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or len(self.database) > LONGEST_DATABASE:
            raise NoTrial(f"{self.name!r}: expected up to 30 small letters, digits and _, a letter first, such as warmer_limit")

    @property
    def database(self) -> str:
        return f"{_database_of(warehouse_url('owner'))}_trial_{self.name}"

    @property
    def folder(self) -> Path:
        return trials_folder() / self.name

    @property
    def settings(self) -> Path:
        return self.folder / "trial.env"

    def url(self, role: str) -> str:
        """The warehouse's address of a role, with the trial's database in it."""
        return urlunsplit(urlsplit(warehouse_url(role))._replace(path=f"/{self.database}"))

    def variables(self) -> dict[str, str]:
        """Settings in which a trial differs from its installation."""
        urls = {f"HEARTH_WAREHOUSE_URL_{role.upper()}": role for role in ("owner", *ROLES)}
        places = {"LANDING": "landing", "LAKE": "lake", "FEEDS": "feeds", "SEEDS": "seeds", "PAGES": "pages", "DBT_TARGET": "dbt"}
        return {
            **{name: self.url(role) for name, role in urls.items() if os.environ.get(name)},
            **{f"HEARTH_{name}": str(self.folder / place) for name, place in places.items()},
            "HEARTH_LINEAGE": str(self.folder / "lineage"),
            "HEARTH_APPROVALS": "recorded",
            "HEARTH_TRIAL": self.name,
            **dict.fromkeys(SILENT, ""),
        }

    def environment(self) -> dict[str, str]:
        """Of a command in the trial. Raises NoTrial where it is not whole."""
        require_whole(self)
        lines = self.settings.read_text(encoding="utf-8").splitlines()
        return {**os.environ, **dict(line.split("=", 1) for [line] in map(shlex.split, lines))}


@dataclass(frozen=True)
class Known:
    """A trial that is there, or the rest of one. `facts`: who, at, publication; empty where its copy did not become whole."""

    trial: Trial
    facts: Mapping[str, Any]
    size_bytes: int

    @property
    def is_whole(self) -> bool:
        return bool(self.facts)


def trials_folder() -> Path:
    """HEARTH_TRIALS, or the folder `trials` beside the landing store. Raises NoTrial where that is a bucket."""
    if named := os.environ.get("HEARTH_TRIALS"):
        return Path(named).resolve()
    store = LandingStore()
    if not store.is_local:
        raise NoTrial("HEARTH_TRIALS is not set; with a bucket as landing store it is the folder of trials (see .env.example)")
    return Path(store.root.path).parent / "trials"


def refuse_within() -> None:
    """Raises NoTrial in a command that runs in a trial: what it would call the installation is that trial."""
    if name := os.environ.get("HEARTH_TRIAL"):
        raise NoTrial(f"this environment is that of the trial {name}; call it with the installation's")


def known() -> list[Known]:
    """All there are, by name; rests of those that were killed, too."""
    refuse_within()
    prefix = f"{_database_of(warehouse_url('owner'))}_trial_"
    with psycopg.connect(warehouse_url("owner")) as owner:
        databases = {
            name.removeprefix(prefix): (_facts(said), size)
            for name, said, size in owner.execute(
                "select datname, shobj_description(oid, 'pg_database'), pg_database_size(oid) from pg_database"
                " where starts_with(datname, %s)",
                (prefix,),
            )
        }
    folder = trials_folder()
    folders = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    begun = folders | {name for name, (facts, _) in databases.items() if facts}
    return [Known(Trial(name), *databases.get(name, ({}, 0))) for name in sorted(begun) if NAME.fullmatch(name)]


def _facts(comment: str | None) -> dict[str, Any]:
    """Of a database's comment; none where a trial did not write it."""
    try:
        found = json.loads(comment or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "publication" in found else {}


def find(trial: Trial) -> Known:
    """Raises NoTrial with those there are."""
    there = {each.trial.name: each for each in known()}
    if trial.name not in there:
        raise NoTrial(f"there is no trial {trial.name}; there are: {', '.join(there) or 'none'}")
    return there[trial.name]


def require_whole(trial: Trial) -> Known:
    found = find(trial)
    if not found.is_whole or not trial.settings.exists():
        raise NoTrial(f"the copy of trial {trial.name} did not become whole: hearth trial end {trial.name}, then begin it again")
    return found


def _database_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
