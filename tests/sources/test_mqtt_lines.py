"""A message becomes one line; its payload can be had again byte for byte, and no number is written anew."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from hearth.contracts.mqtt_source import MqttSource
from hearth.sources.mqtt_lines import Message, line
from tests.support.mqtt_rooms import rooms

AT = datetime(2016, 1, 5, 1, 2, 3, 456789, tzinfo=UTC)
HEAD = '{"<topic>": "plant/1", "<received_at>": "2016-01-05T01:02:03.456789+00:00"'


def written(payload: bytes) -> str:
    made = line(Message("plant/1", payload, AT)).decode()
    assert made.count("\n") == 1 and made.endswith("}\n") and made.startswith(HEAD)
    return made.removeprefix(HEAD).removesuffix("}\n").removeprefix(", ")


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b'{"t":20.50,"n":12345678901234567890}', '"t":20.50,"n":12345678901234567890'),
        (b"{}", ""),
        (b"21.50", '"<payload>": 21.50'),
        (b'"on"', '"<payload>": "on"'),
        (b"[1.0, 2]", '"<payload>": [1.0, 2]'),
        (b"on", '"<payload>": "on", "<encoding>": "text"'),
        (b"", '"<payload>": "", "<encoding>": "text"'),
        ("断线".encode(), '"<payload>": "断线", "<encoding>": "text"'),
        (b'{"t": 1', '"<payload>": "{\\"t\\": 1", "<encoding>": "text"'),
        (b"\xef\xbb\xbf{}", '"<payload>": "\ufeff{}", "<encoding>": "text"'),
        (b"\xff\x00", '"<payload>": "/wA=", "<encoding>": "base64"'),
        (b'{"a":1,"a":2}', '"a":1,"a":2'),
        (b'{\n "t": 1\r\n}', '"<payload_base64>": "ewogInQiOiAxDQp9", "t": 1'),
    ],
)
def test_what_a_payload_says_stands_there_as_it_came(payload: bytes, told: str) -> None:
    assert written(payload) == told


def payload_of(text: bytes) -> bytes:
    """A payload, had again of its line."""
    read: dict[str, Any] = json.loads(text)
    if "<payload_base64>" in read:
        return base64.b64decode(read["<payload_base64>"])
    if "<encoding>" in read:
        return base64.b64decode(read["<payload>"]) if read["<encoding>"] == "base64" else read["<payload>"].encode()
    rest = text.decode().removeprefix(HEAD).removesuffix("}\n").removeprefix(", ")
    return (rest.removeprefix('"<payload>": ') if "<payload>" in read else "{" + rest + "}").encode()


@given(
    st.one_of(
        st.binary(max_size=40),
        st.text(max_size=40).map(str.encode),
        st.text('{}[]":,0123456789eE.- \n\r\ttrufalsn\\', max_size=30).map(str.encode),
        st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(
            lambda value: json.dumps(value, indent=1).encode()
        ),
    )
)
@example(b'{"a": "\\ud800"}')
@example(b'{"a" : 1 }')
def test_every_payload_can_be_had_again_byte_for_byte(payload: bytes) -> None:
    text = line(Message("plant/1", payload, AT))
    assert text.count(b"\n") == 1 and b"\r" not in text
    assert payload_of(text) == payload


def test_what_is_nested_without_end_is_a_text() -> None:
    payload = b"[" * 100_000
    assert json.loads(line(Message("t", payload, AT)))["<payload>"] == payload.decode()


@pytest.mark.parametrize("topic", ["", "a/#/b", "a/b#", "a/+b/c", "$share/g/a"])
def test_a_topic_that_means_something_else_is_refused(topic: str) -> None:
    with pytest.raises(ValidationError, match="topic"):
        MqttSource(kind="mqtt", connection="c", topics=[topic], client_id="x")


@pytest.mark.parametrize(
    "changed", [{"arrival": "at"}, {"format": {"kind": "csv"}}, {"reconcile": {}}], ids=["arrival", "format", "reconcile"]
)
def test_a_contract_that_a_broker_cannot_keep_is_refused(changed: dict[str, Any]) -> None:
    made = rooms()
    with pytest.raises(ValidationError, match="an mqtt source has arrival: file"):
        type(made).model_validate(made.model_dump(by_alias=True, exclude_none=True) | changed)
