"""Read landing files as chunks of source records, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.fixed_width import read_fixed_width
from hearth.cleaning.json_items import read_json_page, read_ndjson
from hearth.cleaning.packed import unpacked
from hearth.cleaning.parquet_records import read_parquet
from hearth.cleaning.records import LandedFile, Records, by_first_name, without_no_records
from hearth.cleaning.tables import read_csv, read_xlsx
from hearth.cleaning.xml_records import read_xml
from hearth.contracts.contract import Contract

Reader = Callable[[Contract, LandedFile, IO[bytes], int], Iterator[Records]]
READERS: dict[str, Reader] = {
    "json": read_json_page,
    "ndjson": read_ndjson,
    "csv": read_csv,
    "xlsx": read_xlsx,
    "fixed_width": read_fixed_width,
    "xml": read_xml,
    "parquet": read_parquet,
}
UNPACK_THEMSELVES = {"ndjson", "csv"}
"""Kinds of lines, whose readers take gzip as it is and say after which line it is cut off."""


def read_records(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    """The records of one landing file, numbered from 1 through all files that are packed in it. Raises UnreadableFile."""
    records = _read(contract, file, stream)
    if contract.other_names or contract.reads_file_name:
        records = (by_first_name(contract, file, each) for each in records)
    yield from without_no_records(contract, records)


def _read(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    kind, form, first = file.format_kind, contract.format, 1
    if kind not in READERS or (kind not in ("json", "ndjson") and kind != form.kind):
        raise UnreadableFile(f"{file.name}: no reader for format {kind!r}")
    if kind != form.kind or (form.compression == "gzip" and kind in UNPACK_THEMSELVES):
        yield from READERS[kind](contract, file, stream, first)
        return
    for name, inside in unpacked(file.name, stream, form):
        for records in READERS[kind](contract, replace(file, name=name), inside, first):
            first += len(records)
            yield records
