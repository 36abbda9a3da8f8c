"""Is what was kept safe: seals, definitions, disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hearth.approvals.contract_changes import contract_path, waiting_feeds
from hearth.approvals.in_force import waiting_contracts
from hearth.health.problem import Problem, Surroundings
from hearth.lake.files import Lake
from hearth.proof.relations import unguarded


def seals(seen: Surroundings) -> Iterator[Problem]:
    """Publications no seal covers, and tables that let themselves be changed."""
    hours = seen.limits["seal_wait_hours"]
    row = seen.connection.execute(
        "select count(*), min(published_at) from ledger.publication p where published_at < %s"
        " and published_at > coalesce((select max(sealed_at) from ledger.seal), '-infinity')",
        (seen.now - timedelta(hours=hours),),
    ).fetchone()
    if row and row[0]:
        yield Problem(
            "warning",
            "seal missing",
            "ledger",
            f"{row[0]} publications, the oldest of {row[1]:%Y-%m-%d %H:%M} UTC, are not sealed (limit {hours:g} h)",
            "clear the task build_marts.seal, or run hearth seal",
            "The ledger is not sealed",
        )
    for table, problem in unguarded(seen.connection):
        yield Problem(
            "critical",
            "table unguarded",
            table,
            f"trigger {problem}: its rows can be changed",
            "find out who did it, enable the trigger, run hearth verify",
            "Evidence was changed",
        )


def definitions(seen: Surroundings) -> Iterator[Problem]:
    """Models, dated rows or suites on disk that are not those of the last publication."""
    from hearth.transform.plan import definition_files, definition_hash

    last = seen.connection.execute("select definition_hash from ledger.publication order by publication_id desc limit 1").fetchone()
    if last and last[0] != definition_hash(definition_files()):
        yield Problem(
            "info",
            "definitions changed",
            "models, macros, dated rows, suites",
            "what lies on disk is not what the last publication was made by",
            "the next build recomputes everything; look before with hearth impact",
            "The marts are not built",
        )


def contracts(seen: Surroundings) -> Iterator[Problem]:
    """Contracts that wait for an approval: of new feeds, whose rows stay out of the marts, and changed ones that are not used."""
    waiting = dict.fromkeys(waiting_feeds(seen.connection), "its rows stay out of the marts")
    waiting |= dict.fromkeys(waiting_contracts(seen.connection), "the feed goes on by the contract before")
    for feed, meanwhile in sorted(waiting.items()):
        yield Problem(
            "warning",
            "contract not approved",
            feed,
            f"nobody has approved {contract_path(feed)} as it stands: {meanwhile}",
            f"look with hearth impact, then hearth approve {contract_path(feed)} --why ...",
            "A contract waits for its approval",
        )


def retention(seen: Surroundings) -> Iterator[Problem]:
    """Personal values and landing files beyond their time."""
    from hearth.keeping.retention import due, rules_on

    for rule in rules_on(seen.now.date()):
        if rule.subject == "reading_file" and not os.environ.get(Lake.variable):
            continue  # hearth.health.readings says so
        found = due(rule, seen.now)
        if found.files:
            yield Problem(
                "info",
                "retention due",
                rule.subject,
                f"{len(found.files)} are older than {rule.keep_days} days",
                "hearth retention apply --why TEXT",
                "Something has to be deleted",
            )


def disk(seen: Surroundings) -> Iterator[Problem]:
    """Free space of local folders, and the size of the database."""
    limit = seen.limits["disk_free_percent"]
    for name in ("HEARTH_LANDING", "HEARTH_LAKE", "HEARTH_PAGES", "HEARTH_HOME"):
        place = os.environ.get(name, "").removeprefix("file://")
        if not place or "://" in place or not Path(place).exists():
            continue
        usage = shutil.disk_usage(place)
        free = 100 * usage.free / usage.total
        if free < limit:
            found = f"{free:.1f} % free ({usage.free / 1e9:,.1f} GB), the limit is {limit:g} %"
            yield Problem("critical", "disk full", f"{name} {place}", found, "make room or move the folder", "The disk fills up")
    row = seen.connection.execute("select pg_database_size(current_database())").fetchone()
    size = (row[0] if row else 0) / 1e9
    if size > seen.limits["database_max_gb"]:
        found = f"{size:,.1f} GB, planned for {seen.limits['database_max_gb']:g} GB"
        yield Problem("warning", "database large", "warehouse", found, "plan a larger disk", "The disk fills up")
