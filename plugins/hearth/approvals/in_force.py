"""The contract a feed goes by: its file, or, until a change of a known feed is approved, the one it was last loaded by.

A contract says what the rows mean: `values: {投诉: consultation}` lowers the complaint rate. So its change waits for an approval as
a dated row's does, and no feed stands still for it meanwhile. A new feed loads by its file until its contract is approved.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import psycopg

from hearth.approvals.changes import Change, are_required, unapproved
from hearth.approvals.contract_changes import contract_path, waiting_feeds
from hearth.contracts.contract import Contract
from hearth.contracts.loading import ContractError, find_contract, readable_contracts
from hearth.warehouse.connections import connect

log = logging.getLogger(__name__)

_LOADED = """
select b.contract_hash, f.content from ledger.batch b left join ledger.definition_file f on f.sha256 = b.contract_hash
where b.feed = %s order by b.batch_id desc limit 1
"""


@dataclass(frozen=True)
class InForce:
    """A contract, and the change that waits for its approval where the contract is not that of the file."""

    contract: Contract
    waiting: Change | None = None

    @property
    def note(self) -> str | None:
        if self.waiting is None:
            return None
        file = contract_path(self.contract.feed)
        return (
            f"{file} was changed and nobody approved it: the feed goes on by the contract it was last loaded by"
            f" ({self.contract.content_hash[:12]}); see `hearth impact`, then `hearth approve {file} --why ...`"
        )


def in_force(feed: str) -> InForce:
    """The contract of a feed as it is to be used now. Raises ContractError."""
    written = find_contract(feed)
    if not are_required():
        return InForce(written)
    with connect("loader") as connection:
        found = judge(connection, written)
    if found.note:
        log.warning("%s", found.note)
    return found


def judge(connection: psycopg.Connection, written: Contract) -> InForce:
    """The file's where the feed is new, it means what the feed was last loaded by, or it is approved; else the last one."""
    row = connection.execute(_LOADED, (written.feed,)).fetchone()
    if row is None or row[0] == written.content_hash:
        return InForce(written)
    loaded = _made_from(written, row[1], row[0])
    if loaded is not None and loaded.content_hash == written.content_hash:
        return InForce(written)
    change = Change(contract_path(written.feed), row[1] or "", written.content_text, row[0], written.content_hash)
    if loaded is None or written.feed in waiting_feeds(connection) or not unapproved(connection, [change]):
        return InForce(written)
    return InForce(loaded, change)


def waiting_contracts(connection: psycopg.Connection) -> list[str]:
    """Feeds that go on by an earlier contract because a change is not approved; none where approvals are not required."""
    if not are_required():
        return []
    return [contract.feed for contract in readable_contracts() if judge(connection, contract).waiting is not None]


def _made_from(written: Contract, text: str | None, sha256: str) -> Contract | None:
    """The contract a text in the ledger stands for, with what has no meaning (limits, reconcile) as in the file.

    None where the text is not known: batches of versions that did not keep it. Raises ContractError where today's entities no
    longer fit it.
    """
    if text is None:
        return None
    try:
        whole = written.model_dump(mode="json", by_alias=True)
        return Contract.model_validate(_merged(json.loads(text), whole, json.loads(written.content_text)))
    except ValueError as error:
        raise ContractError(
            f"{contract_path(written.feed)} was changed and is not approved, and the contract before ({sha256[:12]}, in the ledger)"
            f" does not fit this version of Hearth: {error}. Approve the change: hearth approve {contract_path(written.feed)}"
        ) from error


def _merged(meaning: dict[str, Any], whole: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """`meaning`, with what has no meaning from `whole`, in every part that both have.

    `said`: the meaning of `whole`. What only it says is a change, not something that was always there: it keeps its default.
    """
    merged = _beside(meaning, whole, said)
    for name in ("source", "format", "expected"):
        part, other = meaning.get(name), whole.get(name)
        if isinstance(part, dict) and isinstance(other, dict):
            merged[name] = _beside(part, other, said[name]) if part.get("kind") == other.get("kind") else part
    return merged


def _beside(meaning: dict[str, Any], whole: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in said} | meaning
