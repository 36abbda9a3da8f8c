"""Begin a trial and end it. The copy is taken beside running pipelines: a dump from one snapshot, files by a second name."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from hearth.contracts.folders import feeds_folder
from hearth.dated.dated_rows import seeds_folder
from hearth.keeping import backup
from hearth.landing.file_store import FileStore
from hearth.trial import before
from hearth.trial.place import NoTrial, Trial, find, known, trials_folder
from hearth.warehouse.connections import connect
from hearth.warehouse.migrate import migrate
from hearth.warehouse.roles import ROLES, login

Tell = Callable[[str], None]


def begin(trial: Trial, feeds: Path | None, seeds: Path | None, copied: bool, tell: Tell) -> None:
    """Copy the installation; `feeds` and `seeds` take the place of its own folders. `copied`: the files, too, instead of links.

    Raises NoTrial, BackupFailed; what was made up to there is cleared by `end`.
    """
    if any(each.trial == trial for each in known()):
        raise NoTrial(f"there is a trial {trial.name} already; hearth trial end {trial.name} throws it away")
    with connect("owner") as owner:
        if owner.execute("select from pg_database where datname = %s", (trial.database,)).fetchone() is not None:
            raise NoTrial(f"there is a database {trial.database} that is no trial; take another name")
    trials_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    trial.folder.mkdir(mode=0o700)
    _make_database(trial)
    for name, chosen in (("feeds", feeds or feeds_folder()), ("seeds", seeds or seeds_folder())):
        shutil.copytree(chosen, trial.folder / name)
    dump = trial.folder / "warehouse.dump"
    tell("copying the warehouse")
    named = backup.dump_warehouse(dump)
    for place, store in backup.STORES.items():
        tell(f"taking the {store.kind}s")
        there = backup.copy(store(), trial.folder / place, tell) if copied else _linked(store(), trial.folder / place)
        backup.require_all(store, named[place], there, f"End this trial and begin it again ({trial.name}).")
    tell("filling the trial's warehouse")
    backup.restore_dump(trial.url("owner"), dump)
    dump.unlink()
    migrate(trial.url("owner"), {})
    _finish(trial)


def _make_database(trial: Trial) -> None:
    """Nobody but the roles of the warehouse may connect to it."""
    name = sql.Identifier(trial.database)
    with connect("owner") as owner:
        owner.autocommit = True
        try:
            owner.execute(sql.SQL("create database {} template template0").format(name))
        except psycopg.errors.InsufficientPrivilege as error:
            raise NoTrial(
                f"{owner.info.user} may make no database. Once, as the server's administrator: alter role"
                f" {owner.info.user} createdb; then hearth trial end {trial.name}, and begin it again"
            ) from error
        owner.execute(sql.SQL("revoke all on database {} from public").format(name))
        roles = sql.SQL(", ").join(sql.Identifier(login(role)) for role in ROLES)
        owner.execute(sql.SQL("grant connect, temporary on database {} to {}").format(name, roles))


def _linked(store: FileStore, target: Path) -> Iterator[str]:
    """A second name for every whole file; yields each path below the root. Raises NoTrial where the system gives none."""
    target.mkdir(mode=0o700)
    if not store.is_local:
        raise NoTrial(f"{store.root} is a bucket, whose files have one name alone; --copy brings them into the trial's folder")
    for name in store.settled():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.link(Path(store.root.path) / name, place)
        except FileNotFoundError:
            continue  # deleted by rule since it was listed
        except OSError as error:
            raise NoTrial(
                f"{store.root} cannot be linked to {target}: {error.strerror}. Name a folder of the same disk (HEARTH_TRIALS), call"
                " it as the user the pipelines run as, or take --copy, which needs the room of all files once more"
            ) from error
        yield name


def _finish(trial: Trial) -> None:
    """What was published and counted before, the settings, and the mark that it is whole, with who began it: the login says so."""
    before.keep(trial.url("owner"))
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(trial.variables().items())]
    with open(os.open(trial.settings, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)
    with psycopg.connect(trial.url("engineer")) as engineer:
        row = engineer.execute("select session_user, (select max(publication_id) from ledger.publication)").fetchone()
    assert row is not None
    facts = {"who": row[0], "at": datetime.now(UTC).isoformat(timespec="seconds"), "publication": row[1]}
    with psycopg.connect(trial.url("owner")) as owner:
        owner.execute(
            sql.SQL("comment on database {} is {}").format(sql.Identifier(trial.database), sql.Literal(json.dumps(facts)))
        )


def end(trial: Trial) -> None:
    """Throw a trial away, whole or not: its database, then its folder. Raises NoTrial where there is none, or it is in use."""
    find(trial)
    with connect("owner") as owner:
        owner.autocommit = True
        try:
            owner.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(trial.database)))
        except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege) as error:
            raise NoTrial(
                f"{trial.database} is in use: {error.diag.message_primary}; end those sessions, then try again"
            ) from error
    if trial.folder.exists():
        shutil.rmtree(trial.folder)


def published_since(publication: int | None) -> bool:
    """Whether the installation has published since a trial began."""
    with connect("engineer") as connection:
        return connection.execute("select max(publication_id) from ledger.publication").fetchone() != (publication,)
