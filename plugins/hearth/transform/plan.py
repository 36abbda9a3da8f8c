"""What a build has to do: the batches not yet published, the days they changed, and whether everything changed.

Days come from the ledger, never from a fixed look-back: a batch that arrived today may change November.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hearth.seasons.dated_rows import REPOSITORY, seeds_folder
from hearth.warehouse.connections import connect

DBT_PROJECT = REPOSITORY / "dbt_project"


@dataclass(frozen=True)
class BuildPlan:
    build_id: int
    full_refresh: bool
    batches: int
    days: int


def definition_hash() -> str:
    """sha256 over everything that defines a mart: models, macros, seeds, acceptance suites."""
    digest = hashlib.sha256()
    folders = [DBT_PROJECT / "models", DBT_PROJECT / "macros", seeds_folder(), REPOSITORY / "expectations"]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in [DBT_PROJECT / "dbt_project.yml", *files]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


_UNPUBLISHED = """
select b.batch_id from ledger.batch b
where b.status = 'loaded' and not exists (
    select from ledger.build_batch bb join ledger.publication p using (build_id) where bb.batch_id = b.batch_id)
"""

_CHANGED_DAYS = f"""
insert into ledger.build_day (build_id, entity, event_date)
select distinct %(build_id)s::bigint, d.entity, d.event_date
from ledger.batch_day d
where d.batch_id in ({_UNPUBLISHED})
   or d.batch_id in (select s.batch_id from ledger.supersession s where s.by_batch_id in ({_UNPUBLISHED}))
"""


def plan_build(run_id: str) -> BuildPlan | None:
    """Record a new build in the ledger, or return None when nothing changed since the last publication."""
    definitions = definition_hash()
    with connect("publisher") as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('hearth.build'))")
        batches = [row[0] for row in connection.execute(_UNPUBLISHED).fetchall()]
        last = connection.execute("select definition_hash from ledger.publication order by publication_id desc limit 1").fetchone()
        if not batches and last is not None and last[0].strip() == definitions:
            return None
        full = last is None or last[0].strip() != definitions
        row = connection.execute(
            "insert into ledger.build (run_id, definition_hash, full_refresh) values (%s, %s, %s) returning build_id",
            (run_id, definitions, full),
        ).fetchone()
        assert row is not None
        build_id = int(row[0])
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ledger.build_batch (build_id, batch_id) values (%s, %s)", [(build_id, b) for b in batches]
            )
        days = connection.execute(_CHANGED_DAYS, {"build_id": build_id}).rowcount
    return BuildPlan(build_id, full, len(batches), days)
