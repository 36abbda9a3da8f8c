"""Contracts that wait for an approval: the changed ones of known feeds, and the first ones of new feeds.

A new feed loads by its first contract, and its rows enter published marts when that contract is approved. New is a feed no
publication has carried a batch of; before an installation's first publication none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psycopg

from hearth.approvals.changes import Change, are_required, unapproved
from hearth.contracts.contract import Contract
from hearth.contracts.loading import load_contracts
from hearth.validation.suite_text import suite_text

_NEW = """
select b.feed, array_agg(distinct b.contract_hash) from ledger.batch_current b
where b.status = 'loaded' and exists (select from ledger.publication) and not exists (
    select from ledger.batch o join ledger.build_batch using (batch_id) join ledger.publication using (build_id)
    where o.feed = b.feed)
group by 1 order by 1
"""

_LOADED = """
select distinct on (b.feed) b.feed, b.contract_hash, f.content
from ledger.batch b left join ledger.definition_file f on b.contract_hash = f.sha256 order by b.feed, b.batch_id desc
"""


def contract_path(feed: str) -> str:
    return f"feeds/{feed}.yml"


def waiting_feeds(connection: psycopg.Connection) -> list[str]:
    """New feeds of which rows stand that came by a contract nobody has approved, be it an earlier draft; none where none has to."""
    if not are_required():
        return []
    return [
        feed
        for feed, contracts in connection.execute(_NEW).fetchall()
        if unapproved(connection, [Change(contract_path(feed), None, None, None, sha256) for sha256 in contracts])
    ]


def changed_contracts(connection: psycopg.Connection) -> list[Change]:
    """Contracts that differ from those by which their feeds were last loaded, and those of new feeds that wait."""
    new = waiting_feeds(connection)
    loaded = {feed: (sha256, content) for feed, sha256, content in connection.execute(_LOADED).fetchall()}
    found = []
    for feed, contract in load_contracts().items():
        sha256, content = (None, None) if feed in new else loaded.get(feed, (contract.content_hash, None))
        if sha256 != contract.content_hash:
            found.append(
                Change(
                    contract_path(feed),
                    None if feed in new else content or "",
                    contract.content_text,
                    sha256,
                    contract.content_hash,
                )
            )
    return found


LIMITS = "seeds/validation_limit.csv"
OF_EVERY_FEED = ("gate_", "erasure_")
"""Beginnings of limits by which each batch is judged as a whole."""


def feeds_concerned(changes: Iterable[Change], contracts: Mapping[str, Contract]) -> list[str]:
    """Feeds whose rows may be judged otherwise: their contract or suite changed, or a limit that their suite names."""
    paths = {change.path for change in changes}
    limits = {line[1:].partition(",")[0] for change in changes if change.path == LIMITS for line in change.difference}
    if any(limit.startswith(OF_EVERY_FEED) for limit in limits):
        return sorted(contracts)
    return sorted(
        feed
        for feed, contract in contracts.items()
        if paths & {contract_path(feed), f"expectations/{contract.suite_name}.json"}
        or any(f'"{limit}"' in suite_text(contract.suite_name) for limit in limits)
    )
