"""Try a contract on a sample file: what would be accepted, what rejected and why. Writes nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hearth.cleaning.doubled_hour import DoubledHour
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import Rows, clean, masked_records
from hearth.contracts.contract import Contract
from hearth.contracts.reasons import names
from hearth.intake import rerun


def try_sample(contract: Contract, sample: Path, show: int) -> str:
    """A report in words. Raises UnreadableFile when the file is not what the contract says."""
    if contract.points == "registered" and not os.environ.get("HEARTH_WAREHOUSE_URL_LOADER"):
        contract = contract.model_copy(update={"points": None})
    pseudonyms = Pseudonyms("only-for-this-dry-run-of-a-sample")
    delivered = datetime.fromtimestamp(sample.stat().st_mtime, UTC)
    compression = "gzip" if sample.suffix == ".gz" else "none"
    kind = "ndjson" if ".ndjson" in sample.suffixes else contract.format.kind
    file = LandedFile(0, sample.name, "", delivered, kind, compression)
    read, first, shown = 0, Counter[str](), []
    with sample.open("rb") as stream:
        for rows, bits in rerun.judged(contract, _cleaned(contract, file, stream, pseudonyms)):
            read += len(rows)
            bad = np.flatnonzero(bits)
            for at, text in zip(bad, masked_records(contract, rows, bad, pseudonyms), strict=True):
                reasons = names(int(bits[at]))
                first[reasons[0]] += 1
                if first[reasons[0]] <= show:
                    shown.append(f"  record {rows.frame['position'].iloc[at]}: {', '.join(reasons)}: {text}")
    rejected = sum(first.values())
    lines = [f"{sample.name} by contract {contract.feed}: {read} rows, {read - rejected} accepted, {rejected} rejected"]
    lines += [f"  {reason}: {number}" for reason, number in first.most_common()]
    return "\n".join(lines + (["Rejected, for example:", *shown] if shown else []))


def _cleaned(contract: Contract, file: LandedFile, stream: BinaryIO, pseudonyms: Pseudonyms) -> Iterator[Rows]:
    doubled_hour = DoubledHour()
    for records in read_records(contract, file, stream):
        yield clean(contract, records, pseudonyms, doubled_hour)
