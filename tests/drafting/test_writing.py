"""A draft's YAML says exactly what was decided, whatever sources call their columns."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hearth.drafting.writing import Line, written

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(["", "no", "1", "1e5", "2015-01-05", "=x", "a: b", "#x", "- x", "select 1\nfrom x\n", "a\nb", " a\nb", "{"]),
    st.sampled_from(["&a", "!x", "null", "?", "a #b", "%d", "'", '"']),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers(-99999, 99999), st.floats(-1e6, 1e6), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@example({"x" * 200: {}, "y": {"z" * 200: {}, "u" * 200: []}}, "")
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), TEXTS)
def test_what_is_written_is_read_again(values: dict[str, Any], remark: str) -> None:
    lines = [Line(key, value) for key, value in values.items()]
    lines[0].guess(remark)
    inner = Line("inner", inner=[Line(key, value) for key, value in values.items()])
    assert yaml.load(written([*(line for line in lines if line.key != "inner"), inner]), yaml.CSafeLoader) == {
        **values,
        "inner": values,
    }
