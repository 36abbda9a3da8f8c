"""Delete what its time is over for, by dated rule, and record each deletion as an act that the checks accept.

The acts of some files are written before these go: a crash between the two leaves files that the next run deletes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hearth.dated.dated_rows import rows_on
from hearth.lake.files import Lake
from hearth.landing.store import LandingStore
from hearth.proof.landing import strays
from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)
AT_ONCE = 500
"""Files whose acts are one transaction."""
SUBJECTS = ("landing_file", "personal_value", "stray_file", "reading_file")


@dataclass(frozen=True)
class Rule:
    """Keep a subject for so many days; why, as the dated row says."""

    subject: str
    keep_days: int
    why: str


@dataclass(frozen=True)
class Due:
    """What a rule would delete now."""

    rule: Rule
    older_than: datetime
    files: list[tuple[str, str | None, int]]
    kept_for_quarantine: int


def rules_on(day: date, folder: Path | None = None) -> list[Rule]:
    """The rules of retention_rule.csv that hold on a day."""
    return [Rule(row["subject"], int(row["value"]), row["note"]) for row in rows_on("retention_rule", day, folder)]


def due(rule: Rule, now: datetime) -> Due:
    """Landing files last landed before the rule's time, without those that open quarantined rows still need; stray ones; files of
    readings that no longer count."""
    before = now - timedelta(days=rule.keep_days)
    if rule.subject == "personal_value":
        return Due(rule, before, [], 0)
    if rule.subject == "stray_file":
        with connect("engineer") as connection:
            return Due(rule, before, [(place, None, size) for place, size in strays(LandingStore(), connection, before)], 0)
    if rule.subject == "reading_file":
        return Due(rule, before, _readings_that_count_no_more(before), 0)
    with connect("engineer") as connection:
        rows = connection.execute(SQL["landing_files_due"], {"before": before}).fetchall()
    return Due(rule, before, [(place, sha256, size) for place, sha256, size, needed in rows if not needed], sum(r[3] for r in rows))


def _readings_that_count_no_more(before: datetime) -> list[tuple[str, str | None, int]]:
    """Files whose batches all gave way to others or were merged into other files before then, and those of a load or a merge that
    died, which the ledger does not name."""
    with connect("engineer") as connection:
        no_more = connection.execute(SQL["reading_files_no_more"], {"before": before}).fetchall()
        named = {path for (path,) in connection.execute(SQL["reading_files_named"])}
    strays = [(place, size) for place, size, written in Lake().everything() if place not in named and written < before]
    return [*no_more, *((place, None, size) for place, size in strays)]


def apply(found: Due, why: str, store: LandingStore, progress: Callable[[], Any] = lambda: None) -> int:
    """Delete what is due and record it; returns how many files or values went. Doing it again deletes nothing more."""
    rule_text = f"{found.rule.subject} is kept {found.rule.keep_days} days: {found.rule.why}"
    if found.rule.subject == "personal_value":
        with connect("engineer") as connection:
            row = connection.execute("select restricted.forget_personal(%s, %s, %s)", (found.older_than, rule_text, why)).fetchone()
        assert row is not None
        return int(row[0])
    _finish_earlier(store)
    place_of = Lake() if found.rule.subject == "reading_file" else store
    if found.rule.subject != "landing_file":
        place_of.end_uploads(found.older_than)
    for begin in range(0, len(found.files), AT_ONCE):
        files = found.files[begin : begin + AT_ONCE]
        with connect("engineer") as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into ledger.retention_act (subject, sha256, stored_as, rows_deleted, older_than, rule, why)"
                " values (%s, %s, %s, 1, %s, %s, %s)",
                [(found.rule.subject, sha256, place, found.older_than, rule_text, why) for place, sha256, _ in files],
            )
        for place, _, _ in files:
            (place_of.root / place).unlink(missing_ok=True)
            progress()
    return len(found.files)


def _finish_earlier(store: LandingStore) -> None:
    """Files whose act was recorded by a run that died before it deleted them; not those delivered again since."""
    with connect("engineer") as connection:
        places = connection.execute(
            "select a.stored_as from ledger.retention_act a where a.subject = 'landing_file' and not exists (select from"
            " ledger.landing_file f join ledger.pull p using (pull_id) where f.stored_as = a.stored_as and p.landed_at > a.at)"
        ).fetchall()
    for (place,) in places:
        (store.root / place).unlink(missing_ok=True)
