"""Installations of earlier versions, kept in tests/upgrade/installations, brought back on a server of the tests.

Also the quickest way to a small warehouse with publications, a seal and every kind of act in it: a second, not minutes.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from hearth.warehouse.migrate import ROLES
from local.postgres import Server
from tests.support import parsed
from tests.support.world import Warehouse

FOLDER = Path(__file__).parents[1] / "upgrade" / "installations"
VERSIONS = sorted(path.name for path in FOLDER.iterdir())
PASSWORD = "for-tests-only"  # pragma: allowlist secret


def facts(version: str) -> dict[str, Any]:
    """What stood in it when it was made."""
    found = json.loads((FOLDER / version / "facts.json").read_text())
    assert isinstance(found, dict)
    return found


def bring_back(server: Server, version: str, name: str, folder: Path) -> Warehouse:
    """The database as `name`, unmigrated, and the landing store in `folder`; the environment's variables lead to both."""
    import psycopg

    url = server.create_database(name)
    with psycopg.connect(url) as owner:
        for role in ROLES:
            if not owner.execute("select 1 from pg_roles where rolname = %s", (f"hearth_{role}",)).fetchone():
                owner.execute(f"create role hearth_{role} login password '{PASSWORD}'")
    dump = lzma.decompress((FOLDER / version / "warehouse.sql.xz").read_bytes())
    psql = Path(server.programs) / "psql"
    administrator = server.administrator_url(name)
    subprocess.run([psql, "--quiet", "--set=ON_ERROR_STOP=1", administrator], input=dump, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(FOLDER / version / "landing.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    urls = {f"HEARTH_WAREHOUSE_URL_{role.upper()}": server.url(name, f"hearth_{role}", PASSWORD) for role in ROLES}
    return Warehouse(
        url,
        {
            **urls,
            "HEARTH_WAREHOUSE_URL_OWNER": url,
            "HEARTH_LANDING": str(folder / "landing"),
            "HEARTH_LAKE": str(folder / "lake"),
            "HEARTH_DBT_TARGET": str(folder / "dbt"),
            "HEARTH_PSEUDONYM_KEY": facts(version)["pseudonym_key"],
        },
        administrator,
    )


def upgrade(made: Warehouse) -> list[str]:
    """Bring it to the version that stands here, its readings into files; returns the migrations applied."""
    from hearth.lake import move
    from hearth.warehouse.migrate import migrate, role_urls

    with made.active():
        applied = migrate(made.url, role_urls())
        move.move(print)
        parsed.give(Path(made.variables["HEARTH_DBT_TARGET"]))
        return applied
