"""What a build has to do: the batches not yet published, the days they changed, and whether everything changed.

Days come from the ledger, never from a fixed look-back: a batch that arrived today may change November.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import psycopg

from hearth.approvals.changes import refuse_unapproved
from hearth.approvals.contract_changes import waiting_feeds
from hearth.contracts.entities import entity_files
from hearth.dated.dated_rows import REPOSITORY, seeds_folder
from hearth.transform.own_models import own_models
from hearth.transform.publication_record import keep_definition
from hearth.warehouse.connections import connect

DBT_PROJECT = REPOSITORY / "dbt_project"


@dataclass(frozen=True)
class BuildPlan:
    build_id: int
    full_refresh: bool
    batches: int
    days: int
    waiting_feeds: tuple[str, ...] = ()
    """New feeds whose rows stay out, because nobody approved their contract."""


def definition_files() -> dict[str, bytes]:
    """Everything that defines a mart, by its place: models, macros, dated rows (`seeds/`), suites, and the company's own."""
    folders = {
        "dbt_project/models": DBT_PROJECT / "models",
        "dbt_project/macros": DBT_PROJECT / "macros",
        "dbt_project/reductions": DBT_PROJECT / "reductions",
        "seeds": seeds_folder(),
        "expectations": REPOSITORY / "expectations",
    }
    found = {"dbt_project/dbt_project.yml": (DBT_PROJECT / "dbt_project.yml").read_bytes()}
    for name, folder in folders.items():
        found |= {f"{name}/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found |= {f"expectations/{path.name}": path.read_bytes() for path in entity_files()}
    found |= {f"dbt_project/{place}": content for place, content in own_models().items()}
    return dict(sorted(found.items()))


def definition_hash(files: dict[str, bytes]) -> str:
    """sha256 over the places and contents of what defines a mart."""
    digest = hashlib.sha256()
    for place, content in files.items():
        digest.update(f"{place}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


_UNPUBLISHED = """
select b.batch_id from ledger.batch b
where b.status = 'loaded' and b.feed <> all(%(waiting)s) and not exists (
    select from ledger.build_batch bb join ledger.publication p using (build_id) where bb.batch_id = b.batch_id)
"""

_CHANGED_DAYS = f"""
insert into ledger.build_day (build_id, entity, event_date)
select distinct %(build_id)s::bigint, d.entity, d.event_date
from ledger.batch_day d
where d.batch_id in ({_UNPUBLISHED})
   or d.batch_id in (select s.batch_id from ledger.supersession s where s.by_batch_id in ({_UNPUBLISHED}))
"""


def _other_definitions(connection: psycopg.Connection, definitions: str) -> bool:
    """Whether anything in the tables was made by other definitions: by the published build, or by one since that was not."""
    row = connection.execute(
        "select bool_and(definition_hash = %s) from ledger.build where build_id >= (select max(build_id) from ledger.publication)",
        (definitions,),
    ).fetchone()
    return row is None or row[0] is not True


def plan_build(run_id: str) -> BuildPlan | None:
    """Record a new build in the ledger, or return None when nothing changed since the last publication.

    Raises UnapprovedChange where changes of dated rows and suites have to be approved and one is not.
    """
    files = definition_files()
    definitions = definition_hash(files)
    with connect("publisher") as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('hearth.build'))")
        waiting = waiting_feeds(connection)
        batches = [row[0] for row in connection.execute(_UNPUBLISHED, {"waiting": waiting}).fetchall()]
        last = connection.execute("select definition_hash from ledger.publication order by publication_id desc limit 1").fetchone()
        if not batches and last is not None and last[0].strip() == definitions:
            return None
        refuse_unapproved(connection, files)
        full = _other_definitions(connection, definitions)
        row = connection.execute(
            "insert into ledger.build (run_id, definition_hash, full_refresh, waiting_feeds) values (%s, %s, %s, %s)"
            " returning build_id",
            (run_id, definitions, full, waiting),
        ).fetchone()
        assert row is not None
        build_id = int(row[0])
        keep_definition(connection, definitions, files)
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ledger.build_batch (build_id, batch_id) values (%s, %s)", [(build_id, b) for b in batches]
            )
        days = connection.execute(_CHANGED_DAYS, {"build_id": build_id, "waiting": waiting}).rowcount
    return BuildPlan(build_id, full, len(batches), days, tuple(waiting))


def left_out(build_id: int) -> list[str]:
    """The new feeds whose rows stay out of a build's marts."""
    with connect("publisher") as connection:
        row = connection.execute("select waiting_feeds from ledger.build where build_id = %s", (build_id,)).fetchone()
    return list(row[0]) if row else []
