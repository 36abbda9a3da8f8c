"""The SQL source against a real MariaDB: what its tables hold comes whole, and what goes wrong ends here and there."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile
from hearth.cleaning.rows import clean
from hearth.contracts.contract import Contract, Reconcile
from hearth.contracts.interval import Interval
from hearth.contracts.limits import SqlLimits
from hearth.contracts.loading import find_contract
from hearth.contracts.reasons import names
from hearth.contracts.sql_source import SqlInterval
from hearth.sources import sql
from hearth.sources.check import check_feed
from hearth.sources.delivery import SourceError, SourceUnavailable
from tests.support.certificates import certificate
from tests.support.mariadb import MariaDb

pytestmark = pytest.mark.servers

CONTRACT = find_contract("hotline_963963")
DAY = Interval(datetime(2016, 1, 4, 16, tzinfo=UTC), datetime(2016, 1, 5, 16, tzinfo=UTC))
IN_TIME = "select * from t where updated_at >= :interval_start and updated_at < :interval_end"


@pytest.fixture
def source(mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> Iterator[MariaDb]:
    """The database `hotline`, empty before and after."""
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", mariadb.connection())
    yield mariadb
    mariadb.run("drop table if exists hotline.t")


def asked(query: str, form: str = "local", zone: str = "Asia/Shanghai", **limits: float) -> Contract:
    changed = {"query": query, "interval": SqlInterval(as_=form), "limits": SqlLimits(**limits)}
    return CONTRACT.model_copy(update={"source": CONTRACT.source.model_copy(update=changed), "time_zone": zone})


def chunks(contract: Contract, interval: Interval = DAY) -> Any:
    (delivery,) = sql.deliveries(contract, contract.source, interval)
    return iter(delivery.chunks)


def rows(query: str, interval: Interval = DAY, **options: Any) -> list[dict[str, Any]]:
    text = gzip.decompress(b"".join(chunks(asked(query, **options), interval))).decode()
    return [json.loads(line) for line in text.splitlines()]


def statements(source: MariaDb) -> list[str]:
    """What the source works on, without our asking for it."""
    return [row[7] for row in source.run("show full processlist") if row[1] == "reader" and row[7]]


def wait_for_none(source: MariaDb) -> None:
    until = time.monotonic() + 5
    while statements(source):
        assert time.monotonic() < until, f"the source still works on {statements(source)}"
        time.sleep(0.1)


def test_every_kind_of_value_comes_as_it_is(source: MariaDb) -> None:
    source.run(
        "create table hotline.t (`编号` bigint unsigned, MixedCase varchar(20), `a%b:c` int, at datetime(3), day date, clock time,"
        " bits bit(9), flag tinyint(1), picture blob, id binary(4), exact decimal(30, 0), price decimal(10, 2), said json,"
        " kind enum('投诉', '报修'), stamp timestamp null, year year)",
        "set time_zone = '+00:00'",
        "insert into hotline.t values (18446744073709551615, '王小明 100%', 7, '2016-01-05 09:00:00.120', '2016-01-05',"
        " '-12:03:04', b'100000001', true, x'ff00', 'ab', 12345678901234567890123, 1.50,"
        " '{\"a\": 1}', '投诉', '2016-01-05 01:00:00', 2016)",
    )
    assert rows("select * from t") == [
        {
            "编号": 18446744073709551615, "MixedCase": "王小明 100%", "a%b:c": 7, "at": "2016-01-05T09:00:00.120000",
            "day": "2016-01-05", "clock": "-12:03:04", "bits": 257, "flag": 1, "picture": "ff00", "id": "61620000",
            "exact": 12345678901234567890123, "price": 1.5, "said": '{"a": 1}', "kind": "投诉",
            "stamp": "2016-01-05T09:00:00", "year": 2016,
        }
    ]  # fmt: skip
    assert rows(r"select `a%b\:c` as `x%\:y`, date_format(at, '%Y%m') as month from t") == [{"x%:y": 7, "month": "201601"}]


def test_a_date_that_is_none_stays_what_it_is_and_waits(source: MariaDb) -> None:
    """Lost or made empty, nobody would know that the source has it."""
    source.run(
        "create table hotline.t (ticket_no int, created_at datetime, accepted_at datetime, updated_at datetime)",
        "set sql_mode = ''",
        "insert into hotline.t values (1, '2016-01-05 09:00', '0000-00-00 00:00:00', '2016-01-05 10:00')",
    )
    assert rows("select accepted_at, cast('2016-02-00' as date) as half from t") == [
        {"accepted_at": "0000-00-00 00:00:00", "half": "2016-02-00"}
    ]
    columns = {name: CONTRACT.columns[name] for name in ("line", "ticket_no", "created_at", "accepted_at")}
    read = asked(IN_TIME).model_copy(update={"columns": columns, "version": None})
    file = LandedFile(1, "t", "0" * 64, None, "ndjson", "gzip")
    (records,) = read_records(read, file, io.BytesIO(b"".join(chunks(read))))
    made = clean(read, records, Pseudonyms("k" * 32))
    assert [names(bits) for bits in made.bits.tolist()] == [["unreadable_time"]]


@pytest.mark.parametrize("charset", ["gbk", "latin1", "utf8mb4"])
def test_a_table_in_another_charset_comes_in_its_letters(source: MariaDb, charset: str) -> None:
    text = "café" if charset == "latin1" else "热力公司"
    source.run(f"create table hotline.t (name varchar(20)) character set {charset}")
    source.run("insert into hotline.t values (%s)", values=(text,))
    assert rows("select name from t") == [{"name": text}]


def test_an_hour_that_comes_twice_is_asked_for_with_both_its_passes(source: MariaDb) -> None:
    source.run("create table hotline.t (no int, updated_at datetime)")
    times = ["00:59:59", "01:00", "01:29", "01:30", "01:59", "02:00"]
    for number, clock in enumerate(times):
        source.run("insert into hotline.t values (%s, %s)", values=(number, f"2014-11-02 {clock}"))
    in_it = Interval(datetime(2014, 11, 2, 5, 30, tzinfo=UTC), datetime(2014, 11, 2, 6, 30, tzinfo=UTC))
    found = rows(IN_TIME, in_it, zone="America/New_York")
    assert [row["no"] for row in found] == [1, 2, 3, 4]
    whole = Interval(datetime(2014, 11, 2, 4, tzinfo=UTC), datetime(2014, 11, 3, 5, tzinfo=UTC))
    assert len(rows(IN_TIME, whole, zone="America/New_York")) == 6


def test_a_column_of_numbers_is_asked_in_numbers(source: MariaDb) -> None:
    source.run(
        "create table hotline.t (updated_at bigint)", "insert into hotline.t values (1451923199), (1451923200), (1452009600)"
    )
    assert rows(IN_TIME, form="epoch_s") == [{"updated_at": 1451923200}]


def test_a_timestamp_in_a_zone_the_source_does_not_know_is_refused_where_its_clocks_turn(source: MariaDb) -> None:
    source.run("create table hotline.t (at timestamp, updated_at datetime)", "set time_zone = '+00:00'")
    source.run("insert into hotline.t values (from_unixtime(1451966400), '2016-01-05')")
    with pytest.raises(
        SourceError, match=r"hotline_963963 over hearth_sources: column\(s\) \['at'\] are TIMESTAMP.*unix_timestamp"
    ):
        rows("select * from t", zone="America/New_York")
    assert rows("select unix_timestamp(at) as at from t", zone="America/New_York") == [{"at": 1451966400}]
    assert rows("select at from t") == [{"at": "2016-01-05T12:00:00"}]


@pytest.mark.parametrize(
    ("query", "limits", "message"),
    [
        ("select sleep(30) as slept", {"statement_seconds": 0.5}, "too slow; the limit source.limits.statement_seconds is 0.5"),
        (
            "select sleep(0.2) as slept from seq_1_to_200",
            {"pull_seconds": 1},
            "too slow; the limit source.limits.pull_seconds is 1",
        ),
    ],
    ids=["statement", "rows"],
)
@pytest.mark.fault("F17")
def test_a_slow_query_ends_here_and_in_the_source(source: MariaDb, query: str, limits: dict[str, float], message: str) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match=message):
        rows(query, **limits)
    contract = asked(query, **limits)
    contract = contract.model_copy(update={"reconcile": Reconcile(query=f"select sum(slept) as number from ({query}) slow")})
    with pytest.raises(SourceUnavailable, match=message):
        sql.count(contract, contract.source, DAY)
    assert time.monotonic() - begun < 6
    wait_for_none(source)


def test_a_tighter_limit_of_the_source_stays(source: MariaDb) -> None:
    assert rows("select @@max_statement_time as seconds") == [{"seconds": 3601}]
    source.run("grant usage on *.* to reader with max_statement_time 2")
    try:
        assert rows("select @@max_statement_time as seconds") == [{"seconds": 2}]
        with pytest.raises(SourceUnavailable, match="max_statement_time exceeded"):
            rows("select sleep(9)")
    finally:
        source.run("grant usage on *.* to reader with max_statement_time 0")


def test_rows_without_end_are_ended_and_none_of_them_is_waited_for(source: MariaDb) -> None:
    endless = "select a.seq from seq_1_to_1000000 a, seq_1_to_1000000 b"
    begun = time.monotonic()
    with pytest.raises(SourceError, match=r"more than 100000 bytes came; the limit source.limits.pull_bytes"):
        rows(endless, pull_bytes=100_000)
    assert check_feed(asked(endless)) is None
    assert time.monotonic() - begun < 10
    wait_for_none(source)


def test_rows_are_not_gathered_in_memory(source: MariaDb) -> None:
    tracemalloc.start()
    try:
        read = sum(len(chunk) for chunk in chunks(asked("select seq, repeat('x', 4000) as text from seq_1_to_100000")))
        assert read > 400_000 and tracemalloc.get_traced_memory()[1] < 120 << 20, "of 400 MB"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select nope from t", "Unknown column 'nope'"),
        ("select * from nowhere", r"Table 'hotline\.nowhere' doesn't exist"),
        ("select * from mysql.global_priv", "SELECT command denied"),
        ("selec 1", "You have an error in your SQL syntax"),
        ("select exp(seq) from seq_1000_to_1001", "MySQL 1690"),
        ("load data local infile '/etc/hostname' into table t", "MySQL 4166"),
    ],
)
def test_a_query_the_source_refuses_is_told(source: MariaDb, query: str, message: str) -> None:
    source.run("create table hotline.t (name varchar(20))", "insert into hotline.t values ('王小明')")
    with pytest.raises(
        SourceError, match=f"hotline_963963 over hearth_sources: .*{message}.*source.query of the contract"
    ) as error:
        rows(query)
    assert not isinstance(error.value, SourceUnavailable)
    assert "王小明" not in str(error.value) and error.value.__suppress_context__


def test_the_source_counts_what_was_pulled(source: MariaDb) -> None:
    source.run("create table hotline.t (`Version` decimal(20, 0), updated_at datetime)")
    source.run(
        "insert into hotline.t values (10000000000000000000, '2016-01-05 00:00'), (2, '2016-01-05 23:59:59'), (9, '2016-01-06')"
    )
    contract = asked(f"{IN_TIME};").model_copy(update={"reconcile": Reconcile(sums=["Version"])})
    number, sums = sql.count(contract, contract.source, DAY)
    assert (number, int(sums["Version"])) == (2, 10000000000000000002) == (len(rows(IN_TIME)), 10000000000000000002)


def test_an_encrypted_connection_is_made_to_the_server_that_is_meant_alone(
    source: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("own.pem", "other.pem"):
        certificate(tmp_path / name)
        (tmp_path / name).chmod(0o644)
    source.stop()
    source.start(f"--ssl-cert={tmp_path}/own.pem", f"--ssl-key={tmp_path}/own.pem")
    ciphers = "select variable_value as cipher from information_schema.session_status where variable_name = 'Ssl_cipher'"
    try:
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", source.connection(extra={"ssl": {"ca": f"{tmp_path}/own.pem"}}))
        assert rows(ciphers)[0]["cipher"]
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", source.connection(extra={"ssl": {"ca": f"{tmp_path}/other.pem"}}))
        with pytest.raises(SourceUnavailable, match="certificate verify failed"):
            rows("select 1 as a")
    finally:
        source.stop()
        source.start()
    with pytest.raises(SourceUnavailable, match=r"SSL|TLS"):
        rows("select 1 as a")


@pytest.mark.fault("F30")
def test_a_server_that_dies_while_rows_come_may_be_asked_later(source: MariaDb) -> None:
    coming = chunks(asked("select seq, repeat(md5(seq), 100) as text from seq_1_to_1000000"))
    next(coming)
    source.kill()
    try:
        with pytest.raises(SourceUnavailable, match=r"Lost connection.*the pull can be run again"):
            list(coming)
    finally:
        source.start()
    assert rows("select 1 as a") == [{"a": 1}]


def test_a_wrong_password_is_told_and_not_tried_again(mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", mariadb.connection(password="not the one"))  # pragma: allowlist secret
    with pytest.raises(SourceError, match=r"the source refuses the login: .*Check login and password") as error:
        rows("select 1 as n where :interval_start < :interval_end")
    assert not isinstance(error.value, SourceUnavailable) and "not the one" not in str(error.value)
