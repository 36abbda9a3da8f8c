"""Read landing files as chunks of source records, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.json_items import read_json_page, read_ndjson
from hearth.cleaning.records import LandedFile, Records, by_first_name, without_no_records
from hearth.cleaning.tables import read_csv, read_xlsx
from hearth.contracts.contract import Contract
from hearth.contracts.file_format import CsvFormat, XlsxFormat


def read_records(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    """The records of one landing file. Raises UnreadableFile."""
    records = _read(contract, file, stream)
    if contract.other_names or contract.reads_file_name:
        records = (by_first_name(contract, file, each) for each in records)
    yield from without_no_records(contract, records)


def _read(contract: Contract, file: LandedFile, stream: IO[bytes]) -> Iterator[Records]:
    if file.format_kind == "ndjson":
        yield from read_ndjson(contract, file, stream)
    elif file.format_kind == "json":
        yield from read_json_page(contract, file, stream)
    elif isinstance(contract.format, (CsvFormat, XlsxFormat)):
        is_csv = isinstance(contract.format, CsvFormat)
        yield from (read_csv if is_csv else read_xlsx)(contract, file, stream)
    else:
        raise UnreadableFile(f"{file.name}: no reader for format {file.format_kind!r}")
