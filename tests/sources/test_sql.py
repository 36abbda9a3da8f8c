"""The SQL source against a real PostgreSQL: identifiers keep their digits, and what the driver says repeats no row."""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import clean
from hearth.contracts.contract import Reconcile
from hearth.contracts.interval import Interval
from hearth.contracts.limits import SqlLimits
from hearth.contracts.loading import find_contract
from hearth.sources import sql
from hearth.sources.delivery import SourceError, SourceUnavailable

CONTRACT = find_contract("hotline_963963")
DAY = Interval(datetime(2016, 1, 4, 16, tzinfo=UTC), datetime(2016, 1, 5, 16, tzinfo=UTC))
TICKETS = """
create schema hotline;
create table hotline.ticket_log (
    ticket_no numeric(38, 0), kind text, category text, status text, channel text, created_at timestamp, accepted_at timestamp,
    assigned_at timestamp, on_site_at timestamp, solved_at timestamp, closed_at timestamp, follow_up_at timestamp,
    household_no numeric, related_no numeric, satisfaction numeric(2, 0), user_fault boolean, caller_name text, caller_phone text,
    caller_address text, content text, version numeric, updated_at timestamp);
"""


@pytest.fixture
def source(database: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The owner's connection to a source with an empty log of tickets."""
    url = database()
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(TICKETS)
        yield owner


def insert(source: psycopg.Connection, ticket_no: str, household_no: str = "7.0", name: str = "王小明") -> None:
    source.execute(
        "insert into hotline.ticket_log (ticket_no, kind, category, status, created_at, household_no, satisfaction, version,"
        " updated_at, caller_name) values (%s, '投诉', '不热', '待受理', '2016-01-05 09:00', %s, 4, 1, '2016-01-05 10:00', %s)",
        (ticket_no, household_no, name),
    )


def pull(query: str | None = None, **limits: float) -> bytes:
    changed = CONTRACT.source.model_copy(update={"limits": SqlLimits(**limits), **({"query": query} if query else {})})
    (delivery,) = sql.deliveries(CONTRACT, changed, DAY)
    return b"".join(delivery.chunks)


@pytest.mark.fault("F25")
def test_identifiers_kept_as_numbers_keep_every_digit(source: psycopg.Connection) -> None:
    """A float has 16 digits: two tickets of 20 would become one, and a household would get a point."""
    tickets = {"7", "20160105000000000001", "20160105000000000002", "12345678901234567890123456789012345678"}
    for ticket_no in tickets:
        insert(source, ticket_no)
    insert(source, "8", household_no="1e400")
    file = LandedFile(1, "tickets", "0" * 64, None, "ndjson", "gzip")
    (records,) = read_records(CONTRACT, file, io.BytesIO(pull()))
    rows = clean(CONTRACT, records, Pseudonyms("k" * 32))
    assert set(rows.frame["ticket_no"]) == tickets | {"8"}
    assert rows.bits.tolist() == [0] * 5
    assert set(rows.frame["satisfaction"]) == {4}
    assert "7" in set(rows.frame["household_id"])


@pytest.mark.parametrize(
    ("before", "query", "message"),
    [
        ("alter table hotline.ticket_log drop column updated_at", None, 'column "updated_at" does not exist'),
        ("drop table hotline.ticket_log", None, 'relation "hotline.ticket_log" does not exist'),
        ("select", "select caller_name::int from hotline.ticket_log", "InvalidTextRepresentation, SQLSTATE 22P02"),
    ],
    ids=["column", "table", "value"],
)
def test_a_query_the_source_refuses_is_told_without_the_values_of_rows(
    source: psycopg.Connection, before: str, query: str | None, message: str
) -> None:
    insert(source, "1")
    source.execute(before)
    with pytest.raises(
        SourceError, match=f"hotline_963963 over hearth_sources: .*{message}.*source.query of the contract"
    ) as error:
        pull(query)
    assert not isinstance(error.value, SourceUnavailable)
    assert "王小明" not in str(error.value) and error.value.__suppress_context__


def test_a_database_that_is_down_may_be_asked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(SourceUnavailable, match=r"hotline_963963 over hearth_sources: .*the pull can be run again"):
        pull()


def test_a_connection_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", "http://127.0.0.1:1")
    with pytest.raises(SourceError, match="expected an SQL connection, came HttpHook"):
        pull()


@pytest.mark.fault("F45")
def test_two_columns_of_one_name_are_refused(source: psycopg.Connection) -> None:
    with pytest.raises(SourceError, match=r"column\(s\) \['a'\] stand twice in the answer.*source.query of the contract"):
        pull("select 1 as a, 2 as b, 3 as a")


@pytest.mark.parametrize(
    ("query", "limits", "message"),
    [
        ("select pg_sleep(30)", {"statement_seconds": 0.5}, "too slow; the limit source.limits.statement_seconds is 0.5"),
        (
            "select pg_sleep(0.2) from generate_series(1, 200)",
            {"pull_seconds": 1},
            "too slow; the limit source.limits.pull_seconds is 1",
        ),
    ],
    ids=["statement", "rows"],
)
@pytest.mark.fault("F17")
def test_a_slow_query_ends_here_and_in_the_source(
    source: psycopg.Connection, query: str, limits: dict[str, float], message: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match=message):
        pull(query, **limits)
    source_limited = CONTRACT.source.model_copy(update={"limits": SqlLimits(**limits)})
    asked = CONTRACT.model_copy(update={"reconcile": Reconcile(query=f"select count(*) as number from ({query}) slow")})
    with pytest.raises(SourceUnavailable, match=message):
        sql.count(asked, source_limited, DAY)
    assert time.monotonic() - begun < 6
    left = "select count(*) from pg_stat_activity where query like %s and state = 'active' and pid <> pg_backend_pid()"
    for _ in range(50):
        if source.execute(left, ("%pg_sleep%",)).fetchone() == (0,):
            return
        time.sleep(0.1)
    pytest.fail("the source still works on the query")


def test_rows_without_end_are_ended(source: psycopg.Connection) -> None:
    with pytest.raises(SourceError, match=r"more than 100000 bytes came; the limit source.limits.pull_bytes") as error:
        pull("select md5(generate_series(1, 100000000)::text) as a", pull_bytes=100_000)
    assert not isinstance(error.value, SourceUnavailable)


@pytest.mark.fault("F17")
def test_a_database_that_takes_the_connection_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable, match="hotline_963963 over hearth_sources"):
            pull(connect_seconds=2)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("login", ["wrong password", "nobody"])
def test_a_login_that_is_refused_is_told_and_not_tried_again(
    source: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    place = urlsplit(os.environ["AIRFLOW_CONN_HEARTH_SOURCES"])
    who = place.username if login == "wrong password" else "nobody_of_ours"
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", place._replace(netloc=f"{who}:not-the-one@127.0.0.1:{place.port}").geturl())
    with pytest.raises(SourceError, match=r"the source refuses the login: .*Check login and password") as error:
        pull()
    assert not isinstance(error.value, SourceUnavailable) and "not-the-one" not in str(error.value)
