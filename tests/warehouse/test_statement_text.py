"""How a statement of the loader becomes what the driver takes: names put in and quoted, values by number, each once."""

from __future__ import annotations

import pytest

from hearth.contracts.entities import ENTITIES
from hearth.loading.batch_load import arrow_schema
from hearth.loading.statement_text import composed, has_parameters, numbered, statement_names
from hearth.warehouse.statements import Statements


def test_a_parameter_named_twice_is_one_value() -> None:
    text, given = numbered("select %(b)s::int, %(a)s::text where %(b)s > 1", {"a": "it's", "b": 2, "c": 3})
    assert text == "select $1::int, $2::text where $1 > 1"
    assert given == [2, "it's"]


def test_a_parameter_nobody_gives_is_an_error() -> None:
    with pytest.raises(KeyError, match="batch_id"):
        numbered("select %(batch_id)s::bigint", {})


@pytest.mark.parametrize("entity", ["room_reading", "renewal_progress", "household"])
def test_names_of_an_entity_are_put_in_quoted(entity: str) -> None:
    names = statement_names(ENTITIES[entity], arrow_schema(ENTITIES[entity]).names)
    assert composed("delete from {raw_table}", names) == f'delete from "raw"."{entity}"'
    assert composed("{i_key} = {r_key}", names).startswith(f'("i"."{ENTITIES[entity].natural_key[0]}", ')
    assert '"i"."feed"' not in composed("{i_hashed}", names)


def test_the_local_day_of_an_event_asks_for_the_time_zone_and_a_date_does_not() -> None:
    reading, progress = (statement_names(ENTITIES[name], []) for name in ("room_reading", "renewal_progress"))
    assert composed("{event_date}", reading) == '("read_at" at time zone %(time_zone)s::text)::date'
    assert composed("{event_date}", progress) == '"progress_date"'
    assert has_parameters(composed("{happened_at}", progress))
    assert not has_parameters(composed("{happened_at}", reading))


def test_a_statement_nobody_wrote_is_an_error() -> None:
    with pytest.raises(KeyError, match="no_such"):
        Statements(__file__)["no_such"]
