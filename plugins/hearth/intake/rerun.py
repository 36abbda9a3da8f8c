"""Landed rows through a contract once more, writing nothing: what trying a contract, replaying and the impact share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.rows import Rows
from hearth.contracts.contract import Contract
from hearth.contracts.reasons import Bits, names
from hearth.contracts.row_key import Places, places
from hearth.intake import take_in
from hearth.validation.batch import BatchValidation
from hearth.warehouse import ledger

Keys = dict[int, Places]
"""Chosen rows by file_id."""


def landed(contract: Contract, pull_id: int, keys: Keys | None = None, pseudonyms: Pseudonyms | None = None) -> Iterator[Rows]:
    """The rows of a pull's landing files, chunk by chunk: all, or the chosen ones. The whole pull is read, for a row's instant
    may hang on those before it."""
    for rows in take_in.pulled_rows(contract, ledger.find_pull(pull_id), pseudonyms or Pseudonyms()):
        chosen = rows if keys is None else _only(rows, keys)
        if len(chosen):
            yield chosen


def judged(contract: Contract, chunks: Iterable[Rows]) -> Iterator[tuple[Rows, Bits]]:
    """Each chunk with the reasons against its rows, by today's suite, limits and register."""
    validation = BatchValidation(contract)
    for rows in chunks:
        yield rows, validation.validate(rows)


def first_reasons(bits: Bits) -> Counter[str]:
    """How many rows are refused, by their first reason."""
    found = Counter[str]()
    for value, number in Counter(bits[bits != 0].tolist()).items():
        found[names(int(value))[0]] += number
    return found


def _only(rows: Rows, keys: Keys) -> Rows:
    files = rows.frame["file_id"].to_numpy(np.int64)
    own = places(rows.frame["position"], rows.frame["sub_position"])
    chosen = np.zeros(len(rows), bool)
    for file_id in np.unique(files):
        wanted = keys.get(int(file_id))
        if wanted is not None:
            chosen |= (files == file_id) & np.isin(own, wanted)
    return rows.take(np.flatnonzero(chosen))
