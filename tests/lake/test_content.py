"""The content of readings hangs on what their cells say and on nothing else: made here from the words of hearth.lake.content."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.lake.content import content_of

WHOLE = 2**64
SCHEMA = pa.schema(
    [
        ("point_id", pa.string()), ("read_at", pa.timestamp("us", tz="UTC")), ("temperature_degc", pa.float64()),
        ("calibrated_on", pa.date32()), ("minutes", pa.int32()), ("is_replay", pa.bool_()),
    ]
)  # fmt: skip
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "point_id": st.sampled_from(["R1", "R2", "室温", "", None]),
            "read_at": st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)) | st.none(),
            "temperature_degc": st.floats(allow_nan=False) | st.none(),
            "calibrated_on": st.dates() | st.none(),
            "minutes": st.integers(-(2**31), 2**31 - 1) | st.none(),
            "is_replay": st.booleans() | st.none(),
        }
    ),
    max_size=30,
)


def mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % WHOLE
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % WHOLE
    return value ^ (value >> 31)


def of_text(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def of_cell(value: Any) -> int:
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, float):
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    if isinstance(value, datetime):
        return (value - BEGIN) // timedelta(microseconds=1) % WHOLE
    if isinstance(value, date):
        return (value - BEGIN.date()).days % WHOLE
    return int(value) % WHOLE


def by_the_words(table: list[dict[str, Any]]) -> int:
    return (
        sum(mix(sum(mix(of_cell(cell) ^ of_text(name)) for name, cell in row.items() if cell is not None) % WHOLE) for row in table)
        % WHOLE
    )


@given(rows, st.randoms(), st.integers(0, 30))
@settings(deadline=None)
def test_it_is_what_the_words_say_in_any_order_and_any_number_of_files(table: list[dict[str, Any]], rng: Any, cut: int) -> None:
    shuffled = rng.sample(table, len(table))
    parts = [pa.Table.from_pylist(part, schema=SCHEMA) for part in (shuffled[:cut], shuffled[cut:])]
    assert content_of(parts, SCHEMA.names) == by_the_words(table)


def test_a_column_that_is_empty_changes_nothing_and_a_value_in_another_column_does() -> None:
    row = {"point_id": "R1", "minutes": 5}
    table = pa.Table.from_pylist([row], schema=SCHEMA)
    assert content_of([table], ("point_id", "minutes")) == content_of([table], SCHEMA.names)
    swapped = table.rename_columns(["place", *SCHEMA.names[1:]])
    assert content_of([swapped], swapped.column_names) != content_of([table], SCHEMA.names)
