"""Rows that contradict each other, or one that stands, are kept as they came, like every other rejected row.

That they do is known only when all rows of the batch are there and their records are gone; so the files they stand in are read
once more, without cleaning. A batch without such rows reads nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.records import Records
from hearth.cleaning.rows import Rows, masked_records
from hearth.loading.batch_load import BatchLoad
from hearth.warehouse.people import known_names
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)
Read = Callable[[Collection[int]], Iterator[Records]]


def keep_as_they_came(load: BatchLoad, read: Read) -> None:
    """Fill in the records of refused rows that have none; `read` gives the records of landing files by their file_id."""
    places = load.ask_table("select distinct file_id, position from refused where record is null")
    if not len(places):
        return
    file_ids, positions = (places[name].to_numpy() for name in ("file_id", "position"))
    wanted = {int(file_id): positions[file_ids == file_id] for file_id in np.unique(file_ids)}
    pseudonyms = Pseudonyms(known_names=known_names)
    load.run("create temp table came (file_id bigint, position bigint, record text) on commit drop")
    for records in read(wanted.keys()):
        chosen = [
            np.flatnonzero((records.file_id == file_id) & np.isin(records.position, wanted[int(file_id)]))
            for file_id in np.unique(records.file_id)
        ]
        for which in filter(len, chosen):
            texts = masked_records(load.contract, _uncleaned(records), which, pseudonyms)
            load.remember_came(pa.table({"file_id": records.file_id[which], "position": records.position[which], "record": texts}))
            load.remember_personal(pseudonyms.take_seen())
    load.run(SQL["record_as_came"])


def _uncleaned(records: Records) -> Rows:
    """A record a row, which is enough to write the record down."""
    source = records.frame.reset_index(drop=True)
    return Rows(pd.DataFrame(index=source.index), records.bits, source, np.arange(len(source)))
