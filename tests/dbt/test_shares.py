"""A share of the whole is exactly 100, whatever the lengths: in double precision 100 * 5.27 / 5.27 is more."""

from __future__ import annotations

from collections.abc import Callable

import jinja2
import psycopg
import pytest

from hearth.transform.plan import DBT_PROJECT
from local.postgres import Server


@pytest.fixture
def percent() -> Callable[[str, str], str]:
    """The project's own macro."""
    text = (DBT_PROJECT / "macros" / "wilson.sql").read_text(encoding="utf-8")
    made: Callable[[str, str], str] = jinja2.Environment().from_string(text).module.percent  # type: ignore[attr-defined]
    return made


def test_x_of_x_is_exactly_100_and_a_part_is_never_more(postgres: Server, percent: Callable[[str, str], str]) -> None:
    shares = (
        "with drawn as (select setseed(0.5)), total as (select round((random() * 10 ^ (n % 9))::numeric, 2)::float8 + 0.01 as x,"
        " random() as part from drawn, generate_series(1, 50000) as n union all select 5.27, 1)"
        f" select count(*) filter (where {percent('x', 'x')} <> 100), count(*) filter (where {percent('x * part', 'x')} > 100),"
        " count(*) filter (where 100.0 * x / x > 100) from total"
    )
    whole = (
        f"select bool_and({percent('n', '1000')} = n / 10.0::float8), count({percent('n', '0')}) from generate_series(0, 1000) n"
    )
    with psycopg.connect(postgres.administrator_url()) as connection:
        wrong, beyond, bare = connection.execute(shares).fetchone() or (1, 1, 0)
        assert connection.execute(whole).fetchone() == (True, 0), "whole shares are whole, and nothing is divided by zero"
    assert (wrong, beyond) == (0, 0) and bare > 1000, "the numbers drawn would be wrong in double precision"
