"""Build a trial: load again what its changes concern, then plan, transform, gate and publish as an installation does.

Runs in the environment of the trial (`Trial.environment`), where the warehouse and the stores are the trial's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace

from hearth.approvals.changes import changed_files
from hearth.approvals.contract_changes import changed_contracts, feeds_concerned
from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.loading import load_contracts
from hearth.intake import take_in
from hearth.intake.restore import Manifest
from hearth.landing.store import LandingStore
from hearth.transform import dbt, publish
from hearth.transform.plan import definition_files, plan_build
from hearth.trial.place import NoTrial
from hearth.warehouse import ledger
from hearth.warehouse.connections import connect, warehouse_url
from hearth.warehouse.migrate import migrate

Tell = Callable[[str], None]


def build(name: str, feeds: Iterable[str], tell: Tell) -> bool:
    """Load the pulls of these feeds again (none named: of those that changes concern), then publish; False: nothing had changed.

    Raises NoTrial outside of the trial, and what builds and publications raise.
    """
    if os.environ.get("HEARTH_TRIAL") != name:
        raise NoTrial(f"this is not the environment of the trial {name}")
    migrate(warehouse_url("owner"), {})  # tables of an entity that was added
    run_id = f"trial-{secrets.token_hex(4)}"
    for feed in list(feeds) or _concerned():
        load_again(feed, run_id, tell)
    plan = plan_build(run_id)
    if plan is None:
        return False
    tell("building the marts of the trial")
    dbt.build(plan.build_id, plan.full_refresh)
    publish.gate_and_publish(plan.build_id, run_id, f"trial {name}")
    return True


def _concerned() -> list[str]:
    with connect("engineer") as connection:
        changes = [*changed_files(connection, definition_files()), *changed_contracts(connection)]
    return feeds_concerned(changes, load_contracts())


def load_again(feed: str, run_id: str, tell: Tell) -> None:
    """Every pull of a feed that stands, from its landing files by today's definitions: rows that stood may be refused now.

    A pull that is held, cannot be read or cuts another stays as it was, and is told.
    """
    contract, store = load_contracts()[feed], LandingStore()
    with connect("loader") as connection:
        standing = connection.execute(
            "select p.manifest from ledger.batch_current as b inner join ledger.pull as p using (pull_id)"
            " where b.feed = %s and b.kind = 'pull' order by p.pull_id",
            (feed,),
        ).fetchall()
    tell(f"loading {feed} again: {len(standing)} pulls")
    for (name,) in standing:
        try:
            text = (store.root / name).read_bytes()
            landed = Manifest(name, hashlib.sha256(text).hexdigest(), json.loads(text)).landed
            take_in.clean_validate_load(contract, ledger.record_pull(replace(landed, run_id=run_id)), run_id)
        except (take_in.BatchHeld, UnreadableFile, FileNotFoundError, ledger.PartialOverlap) as error:
            tell(f"{feed} {name}: {error}")
