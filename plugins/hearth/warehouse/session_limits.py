"""Nothing waits for ever at the database: how long a statement, a lock and an idle transaction may take.

Set by `hearth migrate` for the database (whoever connects, persons included) and for each role whose work needs longer.
HEARTH_SESSION_LIMITS changes single ones: `loader.statement_timeout=4h, all.idle_in_transaction_session_timeout=5min`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from hearth.warehouse.roles import ROLES, login

EVERYBODY = "all"
STATEMENT, LOCK, IDLE = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"

LIMITS: dict[str, dict[str, str]] = {
    EVERYBODY: {STATEMENT: "30min", LOCK: "5min", IDLE: "10min"},
    # A load waits for the one before it of its feed, and is idle while it cleans the next chunk.
    "loader": {STATEMENT: "2h", LOCK: "1h", IDLE: "1h"},
    "transformer": {STATEMENT: "2h", LOCK: "15min", IDLE: "1h"},
    "publisher": {STATEMENT: "2h", LOCK: "1h", IDLE: "1h"},
    "keeper": {STATEMENT: "4h"},
    "dashboards": {STATEMENT: "1min"},
}
"""Role, or all -> setting of PostgreSQL -> its value; a role has the others of `all`."""

_WANTED = re.compile(rf"({'|'.join((EVERYBODY, *ROLES))})\.({STATEMENT}|{LOCK}|{IDLE})=(\d+(?:ms|s|min|h)?)")


def limits() -> dict[str, dict[str, str]]:
    """The limits in force. Raises ValueError for a setting in HEARTH_SESSION_LIMITS that is none."""
    found = {role: dict(settings) for role, settings in LIMITS.items()}
    for wish in filter(None, (part.strip() for part in os.environ.get("HEARTH_SESSION_LIMITS", "").split(","))):
        match = _WANTED.fullmatch(wish)
        if match is None:
            raise ValueError(
                f"HEARTH_SESSION_LIMITS: {wish!r}; expected such as loader.statement_timeout=4h, with one of"
                f" {', '.join((EVERYBODY, *ROLES))} and one of {STATEMENT}, {LOCK}, {IDLE}"
            )
        found.setdefault(match[1], {})[match[2]] = match[3]
    return found


def statements(database: str) -> Iterator[str]:
    """SQL that sets them; `database` is its quoted name."""
    for role, settings in limits().items():
        whose = f"alter database {database}" if role == EVERYBODY else f"alter role {login(role)} in database {database}"
        yield from (f"{whose} set {name} = '{value}'" for name, value in settings.items())
