"""Wait until the feeds that come together have come: one build for a morning's deliveries instead of one for each."""

from __future__ import annotations

import time
from collections.abc import Callable

from hearth.warehouse.connections import connect

POLL_SECONDS = 1.0

_QUIET_SINCE = """
select extract(epoch from clock_timestamp() - at)::float8 from ledger.step
where step in ('pull_and_land', 'clean_validate_load', 'replay') order by step_id desc limit 1
"""


def wait_for_quiet(quiet_seconds: float, at_most_seconds: float, sleep: Callable[[float], None] = time.sleep) -> float:
    """Return when no step of a feed has begun or ended for `quiet_seconds`, at the latest after `at_most_seconds`.

    A feed in the middle of a long step keeps nobody waiting. Returns the seconds waited.
    """
    waited = 0.0
    with connect("publisher") as connection:
        connection.autocommit = True
        while waited < at_most_seconds:
            row = connection.execute(_QUIET_SINCE).fetchone()
            missing = quiet_seconds - row[0] if row else 0.0
            if missing <= 0:
                break
            pause = min(POLL_SECONDS, missing, at_most_seconds - waited)
            sleep(pause)
            waited += pause
    return waited
