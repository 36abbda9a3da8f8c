"""Run quarantined rows through today's contract, suite and register again.

A replay is a batch of its own, one for each pull it takes rows from; rows are read from the landing files,
so what is loaded is what came. Rows refused again stay open with today's reasons; a replay that would accept
nothing changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.rows import Rows
from hearth.contracts.contract import Contract
from hearth.contracts.row_key import places
from hearth.intake import rerun, take_in
from hearth.intake.rerun import Keys
from hearth.warehouse import ledger
from hearth.warehouse.connections import connect
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


def open_rows(feed: str, reason: str | None = None) -> dict[int, Keys]:
    """Open quarantined rows of a feed by pull_id and file."""
    with connect("loader") as connection:
        rows = connection.execute(SQL["open_rows"], {"feed": feed, "reason": reason}).fetchall()
    found: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for pull_id, file_id, position, sub_position in rows:
        found[pull_id][file_id].append((position, sub_position))
    return {pull: {file: places(*zip(*rows, strict=True)) for file, rows in files.items()} for pull, files in found.items()}


def points_now_known(contract: Contract) -> int:
    """Open rows refused for an unknown point about which the register has learned something since their last replay."""
    mapping = contract.columns.get("point_id")
    if mapping is None or mapping.from_ is None:
        return 0
    with connect("loader") as connection:
        row = connection.execute(SQL["now_known"], {"feed": contract.feed, "point_column": mapping.from_}).fetchone()
    return int(row[0]) if row else 0


def replay(
    contract: Contract, run_id: str, why: str, reason: str | None = None, order_id: int | None = None
) -> list[dict[str, Any]]:
    """Replay the open rows of a feed (all, or those with one reason). Returns the counts of each replay batch.

    `order_id`: whose order it is (`desk.order_replay`); without one Hearth does it by itself.
    """
    from hearth.loading.settle import Provenance
    from hearth.validation.suites import Suite

    done = []
    suite_hash = Suite(contract.suite_name).content_hash
    for pull_id, keys in open_rows(contract.feed, reason).items():
        pull = ledger.find_pull(pull_id)
        provenance = Provenance(run_id, pull_id, contract.content_hash, suite_hash, kind="replay", order_id=order_id, why=why)
        with ledger.recorded_step(run_id, contract.feed, "replay") as facts:

            def rows(pseudonyms: Pseudonyms, pull: ledger.Pull = pull, keys: Keys = keys) -> Iterator[Rows]:
                return rerun.landed(contract, pull.pull_id, keys, pseudonyms)

            facts.update(pull_id=pull_id, reason=reason)
            counts = take_in.replay_batch(contract, pull, provenance, rows)
            facts.update(counts, outcome="succeeded" if counts["rows_loaded"] else "skipped")
            done.append({"pull_id": pull_id, "interval": str(pull.interval), **counts})
    return done
