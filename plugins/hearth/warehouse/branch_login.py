"""The database login of a branch and its password: Superset's settings load this file by itself, so it needs nothing."""

from __future__ import annotations

import hashlib
import hmac

NOBODY = ""
"""The branch of a viewer whose rows nobody has named: its login sees what is open to every viewer, and no branch's rows."""


def login_of(branch: str) -> str:
    """`hearth_branch_` and the beginning of the sha256 of the branch's id: exact, whatever letters an id is written in."""
    return f"hearth_branch_{hashlib.sha256(branch.encode()).hexdigest()[:16]}"


def password_of(login: str, key: str) -> str:
    """The login's password; `key` is HEARTH_DASHBOARDS_BRANCH_KEY."""
    return hmac.new(key.encode(), login.encode(), hashlib.sha256).hexdigest()
