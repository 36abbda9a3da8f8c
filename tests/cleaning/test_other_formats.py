"""The same readings as lines of fixed width, as XML and as Parquet, alone and packed, are the rows they are as CSV."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.parquet_records import BYTES_AT_ONCE
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, gathered
from hearth.cleaning.rows import Rows, clean
from hearth.contracts.contract import Contract
from hearth.contracts.reasons import BIT

CONTRACT: dict[str, Any] = {
    "feed": "other",
    "title": "x",
    "entity": "room_reading",
    "owner": {"team": "x"},
    "source": {"kind": "sftp", "connection": "c", "folder": "/", "pattern": "*"},
    "schedule": {"season": "0 0 * * *"},
    "time_zone": "Asia/Shanghai",
    "arrival": "file",
    "columns": {"point_id": "测点", "read_at": "time", "temperature_degc": {"from": "value", "unit": "degC"}},
}
ROWS = [("东-1", "2016-01-11 00:00:00", "20.5"), ("东-2", "2016-01-11 01:00:00", "19.25"), ("西-10", "2016-01-11 02:00:00", "18")]

CSV = "\n".join(["测点,time,value", *map(",".join, ROWS)]).encode()
JSON = "[" + ",".join(f'{{"测点": "{p}", "time": "{t}", "value": "{v}"}}' for p, t, v in ROWS) + "]"
FIXED = "".join(f"{p}{' ' * (8 - len(p.encode('gbk')))}{t}{v:>6}\r\n" for p, t, v in ROWS).encode("gbk")
FIXED_COLUMNS = {"测点": [1, 8], "time": [9, 19], "value": [28, 6]}
XML = (
    '<?xml version="1.0" encoding="GBK"?><w:export xmlns:w="urn:x"><head><n>3</n></head><w:readings>'
    + "".join(f'<w:reading 测点="{p}"><at><w:time>{t}</w:time></at><value> {v} </value><note/></w:reading>' for p, t, v in ROWS)
    + "</w:readings></w:export>"
).encode("gbk")
XML_COLUMNS = {
    "columns": {"point_id": "@测点", "read_at": "at.time", "temperature_degc": {"from": "value", "unit": "degC"}},
    "format": {"kind": "xml", "record": "export/readings/reading", "encoding": "gbk"},
}


def parquet(table: dict[str, Any] | None = None) -> bytes:
    target = io.BytesIO()
    pq.write_table(
        pa.table(table or {name: [row[at] for row in ROWS] for at, name in enumerate(("测点", "time", "value"))}), target
    )
    return target.getvalue()


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def read(content: bytes, kind: str, **changes: Any) -> Rows:
    contract = Contract.model_validate({**CONTRACT, **changes})
    file = LandedFile(7, "x", "", datetime(2016, 1, 12, tzinfo=UTC), kind)
    (records,) = gathered(read_records(contract, file, io.BytesIO(content)), 10**6)
    return clean(contract, records, Pseudonyms("0" * 32))


def told(rows: Rows) -> list[tuple[Any, ...]]:
    return list(rows.frame[["position", "point_id", "read_at", "temperature_degc"]].itertuples(index=False, name=None))


TYPED = {
    "测点": pa.array([p for p, _, _ in ROWS]).dictionary_encode(),
    "time": pa.array([datetime.fromisoformat(t) for _, t, _ in ROWS], pa.timestamp("ns")),
    "value": pa.array([Decimal(v).quantize(Decimal("0.01")) for _, _, v in ROWS]),
}
INSTANTS = TYPED | {"time": pa.array([datetime.fromisoformat(t + "+08:00") for _, t, _ in ROWS], pa.timestamp("ms", "UTC"))}
WAYS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "fixed": (FIXED, {"format": {"kind": "fixed_width", "encoding": "gbk", "columns": FIXED_COLUMNS}}),
    "xml": (XML, XML_COLUMNS),
    "parquet of texts": (parquet(), {"format": {"kind": "parquet"}}),
    "parquet of times and decimals": (parquet(TYPED), {"format": {"kind": "parquet"}}),
    "parquet of instants": (parquet(INSTANTS), {"format": {"kind": "parquet"}}),
    "json": (JSON.encode(), {"format": {"kind": "json"}}),
    "csv.gz": (gzip.compress(CSV), {"format": {"kind": "csv", "compression": "gzip"}}),
    "json.gz": (gzip.compress(JSON.encode()), {"format": {"kind": "json", "compression": "gzip"}}),
    "xml.gz": (gzip.compress(XML), {**XML_COLUMNS, "format": {**XML_COLUMNS["format"], "compression": "gzip"}}),
    "csv.zip": (zipped(a=CSV), {"format": {"kind": "csv", "compression": "zip"}}),
    "parquet.zip": (zipped(a=parquet()), {"format": {"kind": "parquet", "compression": "zip"}}),
    "several in a zip": (
        zipped(
            **{"b__2.csv": "\n".join([CSV.decode().splitlines()[0], ",".join(ROWS[2])]).encode(), "readme.txt": b"hello"},
            **{"a__1.csv": "\n".join(CSV.decode().splitlines()[:3]).encode()},
        ),
        {"format": {"kind": "csv", "compression": "zip", "members": "*.csv"}},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_rows_come_of_every_format(way: str) -> None:
    content, changes = WAYS[way]
    rows = read(content, changes["format"]["kind"], **changes)
    assert not rows.bits.any() and told(rows) == told(read(CSV, "csv", format={"kind": "csv"}))


def test_characters_are_counted_where_that_is_said() -> None:
    lines = "".join(f"{p:8}{t}{v:>6}\n" for p, t, v in ROWS).encode()
    form = {"kind": "fixed_width", "columns": FIXED_COLUMNS, "counted_in": "characters", "skip_rows": 1}
    assert told(read(b"title\n" + lines, "fixed_width", format=form)) == told(read(CSV, "csv", format={"kind": "csv"}))


@pytest.mark.parametrize("kind", ["xml", "fixed_width", "parquet"])
def test_of_many_small_records_none_is_lost(kind: str) -> None:
    """A block of a file holds more of them than are taken at once."""
    number = 340_000
    points = [f"{at:06}" for at in range(number)]
    content, form = {
        "xml": ("<r>" + "".join(f'<a i="{p}"/>' for p in points) + "</r>", {"kind": "xml", "record": "r/a"}),
        "fixed_width": ("\n".join(points), {"kind": "fixed_width", "columns": {"@i": [1, 6]}}),
        "parquet": (parquet({"@i": points}), {"kind": "parquet"}),
    }[kind]
    made = {name: {"constant": value} for name, value in (("read_at", "2016-01-11 00:00:00"), ("temperature_degc", 20))}
    columns = {"point_id": "@i", "read_at": made["read_at"], "temperature_degc": {**made["temperature_degc"], "unit": "degC"}}
    contract = Contract.model_validate({**CONTRACT, "columns": columns, "format": form})
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    chunks = list(read_records(contract, LandedFile(7, "x", "", datetime(2016, 1, 12, tzinfo=UTC), kind), stream))
    assert [point for each in chunks for point in each.frame["@i"]] == points
    assert [at for each in chunks for at in each.position] == list(range(1, number + 1))


def test_a_record_that_cannot_be_told_is_a_row_of_its_own() -> None:
    form = {"kind": "fixed_width", "encoding": "gbk", "columns": FIXED_COLUMNS}
    short = FIXED.splitlines(keepends=True)
    rows = read(short[0] + b"cut\r\n\r\n" + short[1], "fixed_width", format=form)
    assert [bool(bits & BIT["unreadable_record"]) for bits in rows.bits] == [False, True, False]
    twice = XML.replace(b"<note/>", b"<value>1</value>", 1)
    rows = read(twice, "xml", **XML_COLUMNS)
    assert [bool(bits & BIT["unreadable_record"]) for bits in rows.bits] == [True, False, False]


LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><export><readings><reading>&b;</reading></readings></export>'
)
OUTSIDE = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><export/>'
ZIP = {"format": {"kind": "csv", "compression": "zip"}}
SMALL = {"format": {"kind": "csv", "compression": "zip", "limits": {"unpacked_bytes": 1000}}}


def encrypted() -> bytes:
    """The flag is what tells."""
    made = bytearray(zipped(a=CSV))
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def damaged() -> bytes:
    made = bytearray(zipped(a=CSV))
    made[60] ^= 255
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "kind", "changes", "message"),
    [
        (LAUGHS, "xml", XML_COLUMNS, "brings a document type"),
        (OUTSIDE, "xml", XML_COLUMNS, "brings a document type"),
        (XML[:-40], "xml", XML_COLUMNS, "not XML at line 1: unclosed token"),
        (b"<a><b>1</b></a>", "xml", XML_COLUMNS, r"expected elements 'export/readings/reading'.*came none; .* 'a', 'a/b'"),
        (
            XML,
            "xml",
            {**XML_COLUMNS, "columns": {**XML_COLUMNS["columns"], "point_id": "@id"}},
            r"expected column\(s\) '@id', came",
        ),
        (XML, "xml", {**XML_COLUMNS, "format": {**XML_COLUMNS["format"], "limits": {"line_bytes": 10}}}, "limits.line_bytes is 10"),
        (encrypted(), "csv", ZIP, "asks for a password"),
        (damaged(), "csv", ZIP, "cut off or damaged|not a readable zip"),
        (zipped(a=CSV)[:-30], "csv", ZIP, "not a readable zip archive"),
        (CSV, "csv", ZIP, "not a readable zip archive"),
        (zipped(a=b"x" * 10**6), "csv", SMALL, r"'a' in it: it is larger; the limit format.limits.unpacked_bytes"),
        (zipped(a=CSV, b=CSV * 20), "csv", SMALL, r"'b' in it: it is larger"),
        (zipped(a=CSV), "csv", {"format": {**ZIP["format"], "members": "*.csv"}}, r"expected files like '\*.csv' .* came 'a'"),
        (zipped(a=CSV), "csv", {"format": {"kind": "csv"}}, "say compression: zip"),
        (b"PAR1" + b"x" * 100, "parquet", {"format": {"kind": "parquet"}}, "not a readable Parquet file"),
        (
            parquet({"测点": [["a"]], "time": ["x"], "value": [1]}),
            "parquet",
            {"format": {"kind": "parquet"}},
            "'测点' is of type list",
        ),
        (FIXED, "fixed_width", {"format": {"kind": "fixed_width", "columns": FIXED_COLUMNS}}, "record 1: .* is not utf-8"),
        (gzip.compress(XML)[:-20], "xml", {**XML_COLUMNS, "format": {**XML_COLUMNS["format"], "compression": "gzip"}}, "cut off"),
    ],
)
@pytest.mark.fault("F34")
def test_what_is_no_such_file_is_told(content: bytes, kind: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read(content, kind, **changes)


@pytest.mark.fault("F34")
def test_a_small_parquet_file_of_long_texts_is_read_in_small_parts() -> None:
    """400 kB that would be 40 GB as they stand."""
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 400_000]))
    content = parquet({"测点": texts, "time": ["2016-01-11 00:00:00"] * 100_000, "value": [20.5] * 100_000})
    assert len(content) < 1_000_000
    contract = Contract.model_validate({**CONTRACT, "format": {"kind": "parquet"}})
    records = read_records(contract, LandedFile(7, "x", "", datetime(2016, 1, 12, tzinfo=UTC), "parquet"), io.BytesIO(content))
    first, second = next(records), next(records)
    assert sum(map(len, first.frame["测点"])) <= 2 * BYTES_AT_ONCE and second.position[0] == first.position[-1] + 1
    small = Contract.model_validate({**CONTRACT, "format": {"kind": "parquet", "limits": {"line_bytes": 1000}}})
    with pytest.raises(UnreadableFile, match=r"a text in it is longer; the limit format\.limits\.line_bytes is 1000"):
        next(read_records(small, LandedFile(7, "x", "", datetime(2016, 1, 12, tzinfo=UTC), "parquet"), io.BytesIO(content)))


def test_pages_of_an_api_are_not_packed() -> None:
    http = {"kind": "http", "connection": "c", "path": "/", "interval": {"from": "a", "to": "b"}, "pages": {"items": "."}}
    changes = {"source": http, "arrival": {"from": "time"}, "format": {"kind": "json", "compression": "zip"}}
    with pytest.raises(ValidationError, match="pages of an API come unpacked"):
        Contract.model_validate({**CONTRACT, **changes})
