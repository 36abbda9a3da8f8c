"""A share of the whole is exactly 100 and lies in its interval: in double precision 100 * 5.27 / 5.27 is more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
import psycopg
import pytest

from hearth.transform.plan import DBT_PROJECT
from local.postgres import Server


@pytest.fixture
def macros() -> Any:
    """The project's own."""
    text = (DBT_PROJECT / "macros" / "wilson.sql").read_text(encoding="utf-8")
    return jinja2.Environment().from_string(text, globals={"var": lambda _: 1.959963984540054}).module


@pytest.fixture
def percent(macros: Any) -> Callable[[str, str], str]:
    made: Callable[[str, str], str] = macros.percent
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


def test_a_share_lies_within_its_interval_at_its_edges_too(postgres: Server, macros: Any) -> None:
    low, high = (macros.wilson_percent("k", "n", side) for side in ("low", "high"))
    query = (
        f"select count(*) filter (where not {low} <= 100.0 * k / n + 1e-12 or not {high} >= 100.0 * k / n - 1e-12),"
        f" count(*) filter (where k = 0 and {low} <> 0 or k = n and {high} <> 100), count(*)"
        " from generate_series(1, 600) n, generate_series(0, n) k where k in (0, 1, n / 2, n - 1, n)"
    )
    with psycopg.connect(postgres.administrator_url()) as connection:
        outside, inexact, tried = connection.execute(query).fetchone() or (1, 1, 0)
        assert connection.execute(f"select {low} from (values (0, 0)) as v (k, n)").fetchone() == (None,)
    assert (outside, inexact) == (0, 0) and tried > 2500
