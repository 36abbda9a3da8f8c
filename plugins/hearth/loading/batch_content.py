"""What a batch held when it was loaded, so that any later change of it can be seen: counts, sums and digests.

A digest is the sum of PostgreSQL's 64-bit hashes of the rows: a removed, repeated or altered row changes it, the order
does not. Those hashes are the ones of hash-partitioned tables, so they stay the same across dumps and versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from hearth.cleaning.records import Records
from hearth.loading.batch_load import BatchLoad

QUARANTINED = ("file_id", "position", "sub_position", "reasons", "first_reason", "record", "subject_id", "event_date")
"""Columns of quarantine.row whose digest is kept."""


@dataclass
class Landed:
    """Records of a pull as they were read from its landing files, and sums of the columns its source is asked about."""

    names: list[str] = field(default_factory=list)
    records: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def counted(self, chunks: Iterator[Records]) -> Iterator[Records]:
        """The chunks, counted as they pass; a second pass counts anew."""
        self.records, self.sums = 0, dict.fromkeys(self.names, 0.0)
        for records in chunks:
            self.records += len(records)
            for name in self.names:
                self.sums[name] += float(pd.to_numeric(records.frame[name], errors="coerce").sum())
            yield records


def hash_sum(columns: tuple[str, ...] | list[str], alias: str) -> str:
    """SQL: the digest of the rows of `alias` over some of its columns."""
    names = ", ".join(f'{alias}."{name}"' for name in columns)
    return f"coalesce(sum(hash_record_extended(row({names}), 0)), 0)"


def record_content(load: BatchLoad, landed: Landed | None, held: bool) -> None:
    """Digests of the batch, in its transaction, after raw and quarantine were written. `landed`: None for a replay."""
    columns = [name for name in load._schema.names if name not in ("feed", "batch_id")]
    names = ", ".join(f"'{name}'" for name in columns)
    raw = "0" if held else f"(select {hash_sum(columns, 'i')} from incoming i)"
    load.write(
        "insert into ledger.batch_content (batch_id, landed_records, landed_sums, raw_columns, raw_hash,"
        f" quarantine_hash) select {load.batch_id}, $1::bigint, $2::text::jsonb, array[{names}], {raw},"
        f" (select {hash_sum(QUARANTINED, 'q')} from quarantine.row q where q.batch_id = {load.batch_id})",
        landed.records if landed else None,
        json.dumps(landed.sums if landed else {}),
    )


def record_contract(load: BatchLoad) -> None:
    """The contract as it is now, when it is not the newest one the ledger knows of the feed."""
    contract = load.contract
    load.write(
        "insert into ledger.contract (feed, contract_hash, entity, owner, owner_contact, season_cron,"
        " off_season_cron, rows_per_day, lateness_hours, content) select $1::text, $2::text, $3::text, $4::text, $5::text,"
        " $6::text, $7::text, $8::int, $9::int, $10::text::jsonb where $2::text is distinct from"
        " (select contract_hash from ledger.contract_current where feed = $1::text)",
        contract.feed,
        contract.content_hash,
        contract.entity,
        contract.owner.team,
        contract.owner.contact,
        contract.schedule.season,
        contract.schedule.off_season,
        contract.expected.rows_per_day,
        contract.expected.lateness_hours,
        contract.model_dump_json(by_alias=True),
    )
