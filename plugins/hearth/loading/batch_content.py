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
from hearth.loading.statement_text import NOT_HASHED
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


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


def record_content(load: BatchLoad, landed: Landed | None, held: bool) -> None:
    """Digests of the batch, in its transaction, after raw and quarantine were written. `landed`: None for a replay."""
    load.write(
        SQL["batch_content"],
        landed_records=landed.records if landed else None,
        landed_sums=json.dumps(landed.sums if landed else {}),
        raw_columns=",".join(name for name in load.schema.names if name not in NOT_HASHED),
        raw_hash="0" if held else load.raw.content_hash(),
    )


def record_contract(load: BatchLoad) -> None:
    """The contract as it is now, when it is not the newest one the ledger knows of the feed."""
    contract = load.contract
    load.write(
        SQL["contract"],
        contract_hash=contract.content_hash,
        owner=contract.owner.team,
        owner_contact=contract.owner.contact,
        season_cron=contract.schedule.season,
        off_season_cron=contract.schedule.off_season,
        rows_per_day=contract.expected.rows_per_day,
        lateness_hours=contract.expected.lateness_hours,
        content=contract.model_dump_json(by_alias=True),
    )
