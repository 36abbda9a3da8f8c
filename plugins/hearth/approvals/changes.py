"""What differs between the definitions in force and those of the last publication, and whether somebody approved it.

Dated rows (`seeds/`), suites (`expectations/`) and contracts (`feeds/`) are what a company decides, file by file; models and macros
come with a version of Hearth and are approved as one, `dbt_project/`, once for each version.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.types.json import Jsonb

DECIDED = ("seeds/", "expectations/")
MODELS = "dbt_project/"
"""All models and macros together: the content of this path is the list of their digests."""


class OwnApproval(RuntimeError):
    """Two persons have to approve a change, and this one has done so already."""


class UnapprovedChange(RuntimeError):
    """A dated row or suite differs from what was published, and nobody has approved it."""


@dataclass(frozen=True)
class Change:
    """One file that differs; `before` is None where it is new, `after` where it is gone."""

    path: str
    before: str | None
    after: str | None
    before_sha256: str | None
    after_sha256: str | None

    @property
    def is_first_contract(self) -> bool:
        """Of a feed that no publication has carried yet."""
        return self.path.startswith("feeds/") and self.before_sha256 is None

    @property
    def difference(self) -> list[str]:
        """The changed lines, as a unified diff without context."""
        lines = difflib.unified_diff(_lines(self.before), _lines(self.after), "before", "after", n=0, lineterm="")
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _lines(text: str | None) -> list[str]:
    """Lines to compare; a contract is kept as one line of JSON and laid out for reading."""
    if text and text.startswith("{") and "\n" not in text:
        text = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return (text or "").splitlines()


def changed_files(connection: psycopg.Connection, files: Mapping[str, bytes]) -> list[Change]:
    """Dated rows, suites and the models as one that differ from those of the last publication; nothing before the first one."""
    published = connection.execute(
        "select d.path, d.sha256, f.content from ledger.definition d join ledger.definition_file f using (sha256)"
        " where d.definition_hash = (select definition_hash from ledger.publication order by publication_id desc limit 1)"
    ).fetchall()
    if not published:
        return []
    before = {path: (sha256, content) for path, sha256, content in published if path.startswith(DECIDED)}
    after = {
        path: (hashlib.sha256(content).hexdigest(), content.decode("utf-8"))
        for path, content in files.items()
        if path.startswith(DECIDED)
    }
    found = []
    for path in sorted(before.keys() | after.keys()):
        old_sha256, old = before.get(path, (None, None))
        new_sha256, new = after.get(path, (None, None))
        if old_sha256 != new_sha256:
            found.append(Change(path, old, new, old_sha256, new_sha256))
    models_before = _listing({path: sha256 for path, sha256, _ in published})
    models_after = _listing({path: hashlib.sha256(content).hexdigest() for path, content in files.items()})
    if models_before != models_after:
        found.append(Change(MODELS, models_before, models_after, _sha256(models_before), _sha256(models_after)))
    return found


def _listing(digests: Mapping[str, str]) -> str:
    """The models and macros among the files of a definition, with their digests, a line each."""
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(digests.items()) if path.startswith(MODELS))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def unapproved(connection: psycopg.Connection, changes: list[Change]) -> list[Change]:
    """Those of the changes for which no approval names the same file with the same content after it.

    With HEARTH_FOUR_EYES=required two persons have to: who approves first answers for the change, the other one looks at it.
    """
    needed = 2 if four_eyes() else 1
    return [change for change in changes if len(approvers(connection, change)) < needed]


def four_eyes() -> bool:
    return os.environ.get("HEARTH_FOUR_EYES", "") == "required"


def approvers(connection: psycopg.Connection, change: Change) -> set[str]:
    """Who approved a change; where two persons have to, names that somebody typed do not count (acts of an earlier version).

    An approval is used up by the publication that carries it: the same change again, months later, is a new one.
    """
    rows = connection.execute(
        "select who from ledger.approval a where path = %s and after_sha256 is not distinct from %s"
        " and (login is not null or not %s) and not exists (select from ledger.publication p"
        " join ledger.definition d using (definition_hash) where d.path = a.path and d.sha256 = a.after_sha256"
        " and p.published_at > a.at)",
        (change.path, change.after_sha256, four_eyes()),
    )
    return {who for (who,) in rows}


def _paths(changes: list[Change]) -> list[str]:
    return [change.path for change in changes]


def are_required() -> bool:
    """Whether changed dated rows, suites and contracts wait for an approval."""
    return os.environ.get("HEARTH_APPROVALS", "recorded") == "required"


def refuse_unapproved(connection: psycopg.Connection, files: Mapping[str, bytes]) -> None:
    """Raises UnapprovedChange, where HEARTH_APPROVALS is `required`."""
    if not are_required():
        return
    missing = unapproved(connection, changed_files(connection, files))
    if missing:
        raise UnapprovedChange(
            f"changed and not approved: {', '.join(_paths(missing))}. The marts stay as they were published. See what the change"
            f" would do with `hearth impact`, then `hearth approve --why REASON`{' (two persons)' if four_eyes() else ''},"
            " or put the file back."
        )


def approve(
    connection: psycopg.Connection, changes: list[Change], valid_from: date, why: str, impact: object | None = None
) -> None:
    """Record the changes as approved by the person whose login the connection is; contents before and after are kept.

    Raises OwnApproval where another person has to approve.
    """
    row = connection.execute("select session_user").fetchone()
    for change in changes:
        if row and row[0] in approvers(connection, change):
            raise OwnApproval(
                f"{change.path}: {row[0]} has approved this change; with HEARTH_FOUR_EYES another person has to as well"
            )
        for sha256, content in ((change.before_sha256, change.before), (change.after_sha256, change.after)):
            if sha256 is not None and content is not None:
                connection.execute(
                    "insert into ledger.definition_file (sha256, content) values (%s, %s) on conflict do nothing", (sha256, content)
                )
        connection.execute(
            "insert into ledger.approval (path, before_sha256, after_sha256, valid_from, why, impact)"
            " values (%s, %s, %s, %s, %s, %s)",
            (
                change.path,
                change.before_sha256,
                change.after_sha256,
                valid_from,
                why,
                None if impact is None else Jsonb(impact),
            ),
        )
