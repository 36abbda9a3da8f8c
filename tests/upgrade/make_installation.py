"""Make an installation of the version that stands here, small enough to keep: what later versions are upgraded from in tests.

    PYTHONPATH=plugins:. python tests/upgrade/make_installation.py tests/upgrade/installations/<version>

A city of 270 homes with its first season until 4 November 2015, published twice and sealed, with a row waived, a change approved
and a landing file deleted by rule. Written are `warehouse.sql.xz` (pg_dump), `landing.tar.xz` and `facts.json`, which says what
was published: an upgrade may change none of it.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "plugins")]

from tests.support.world import START, ZONE, Warehouse, World, feeds_in_order  # needs the path above

DAYS = (datetime(2015, 11, 3, tzinfo=ZONE), datetime(2015, 11, 4, tzinfo=ZONE))
HASH_KEY = "the-key-of-the-kept-installation"


def fill(made: Warehouse) -> None:
    """Two publications, a seal, and one act of every kind that people do."""
    from hearth.approvals.changes import Change, approve
    from hearth.keeping import retention
    from hearth.landing.store import LandingStore
    from hearth.proof import seal
    from hearth.quarantine import desk
    from hearth.warehouse.connections import connect

    for start, end in ((START, DAYS[0]), DAYS):
        for feed in feeds_in_order():
            made.load(feed, start, end)
        made.build()
    desk.waive("test", "weather", "the sensor was being repaired", reason="out_of_range")
    with connect("engineer") as connection:
        contents = connection.execute("select sha256, content from ledger.definition_file order by sha256 limit 2").fetchall()
        change = Change("seeds/kpi_target.csv", contents[0][1], contents[1][1], contents[0][0], contents[1][0])
        approve(connection, [change], date(2015, 11, 1), "the standard was raised")
    rule = retention.Rule("landing_file", 1, "made for the kept installation")
    with psycopg.connect(made.url) as connection:
        place = connection.execute(
            "select stored_as, sha256, size_bytes from ledger.landing_file order by file_id limit 1"
        ).fetchone()
    assert place is not None
    retention.apply(retention.Due(rule, datetime.now(UTC), [place], 0), "its time is over", LandingStore())
    seal.seal("test")


def write(made: Warehouse, programs: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    dump = subprocess.run([programs / "pg_dump", made.url], capture_output=True, check=True).stdout
    (out / "warehouse.sql.xz").write_bytes(lzma.compress(dump, preset=9 | lzma.PRESET_EXTREME))
    with tarfile.open(out / "landing.tar.xz", "w:xz") as archive:
        archive.add(made.variables["HEARTH_LANDING"], arcname="landing")
    with psycopg.connect(made.url) as connection:
        facts = {
            "pseudonym_key": HASH_KEY,
            "migrations": [name for (name,) in connection.execute("select name from ledger.migration order by 1")],
            "content_hash": connection.execute(
                "select content_hash from ledger.publication order by publication_id desc limit 1"
            ).fetchone()[0],  # type: ignore[index]
            "season_kpi": connection.execute(
                "select count(*), sum(hash_record_extended(k, 0))::text from marts.season_kpi k"
            ).fetchone(),
            "tables": {
                name: connection.execute(f"select count(*) from {name}").fetchone()[0]  # type: ignore[index]
                for (name,) in connection.execute(
                    "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                    " where c.relkind in ('r', 'p') and not c.relispartition"
                    " and n.nspname in ('ledger', 'raw', 'quarantine', 'marts') and c.relname <> 'migration' order by 1"
                ).fetchall()
            },
        }
    (out / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="hearth-installation-") as folder:
        Path(folder).chmod(0o711)
        world = World.start(Path(folder) / "city", scale=0.001, seed=3)
        try:
            made = world.open("installation")
            made.variables["HEARTH_PSEUDONYM_KEY"] = HASH_KEY
            with made.active():
                fill(made)
            write(made, Path(world.instance.server.programs), out)
        finally:
            world.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
