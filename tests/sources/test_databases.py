"""Databases beside PostgreSQL as far as their own drivers tell without a server: reached how, asked what, understood how."""

from __future__ import annotations

import json
import socket
import ssl
import time
from array import array
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import oracledb
import pymssql
import pymysql
import pytest
import sqlalchemy as sa
from pymssql import _mssql
from pymysql.constants import FIELD_TYPE

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.contracts.limits import SqlLimits
from hearth.contracts.loading import find_contract
from hearth.contracts.sql_source import SqlInterval
from hearth.sources import sql
from hearth.sources.database import Clocks
from hearth.sources.databases import database
from hearth.sources.delivery import SourceError, SourceUnavailable
from hearth.sources.sql_values import NoText, plain
from tests.support.certificates import certificate

CONTRACT = find_contract("hotline_963963")
DAY = Interval(datetime(2016, 1, 4, 16, tzinfo=UTC), datetime(2016, 1, 5, 16, tzinfo=UTC))
WITHOUT_OFFSET = ["mysql", "mariadb", "oracle"]
ALL = [*WITHOUT_OFFSET, "mssql"]


def connection(monkeypatch: pytest.MonkeyPatch, kind: str, **more: Any) -> None:
    said = {"conn_type": kind, "host": "127.0.0.1", "port": 1, "schema": "hotline", "login": "reader"}
    said["password"] = "p@ss/王"  # pragma: allowlist secret
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_SOURCES", json.dumps({**said, **more}))


def asked(form: str = "local", **limits: float) -> Contract:
    changed = {"interval": SqlInterval(as_=form), "limits": SqlLimits(**limits)}
    return CONTRACT.model_copy(update={"source": CONTRACT.source.model_copy(update=changed)})


def pull(form: str = "local", **limits: float) -> bytes:
    contract = asked(form, **limits)
    (delivery,) = sql.deliveries(contract, contract.source, DAY)
    return b"".join(delivery.chunks)


@pytest.mark.parametrize("kind", ALL)
def test_a_closed_port_may_be_asked_later(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    connection(monkeypatch, kind)
    with pytest.raises(SourceUnavailable, match=r"hotline_963963 over hearth_sources: .*the pull can be run again") as error:
        pull(connect_seconds=20)
    assert "p@ss" not in str(error.value) and "b'" not in str(error.value)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.fault("F17")
def test_what_takes_the_connection_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection(monkeypatch, kind, port=silent.getsockname()[1])
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"source\.limits\.connect_seconds is 1"):
            pull(connect_seconds=1)
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("kind", WITHOUT_OFFSET)
def test_an_instant_is_not_asked_for_where_the_driver_would_drop_its_offset(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    connection(monkeypatch, kind)
    with pytest.raises(SourceError, match=r"Write source\.interval: \{as: local\}") as error:
        pull("instant")
    assert not isinstance(error.value, SourceUnavailable)


@pytest.mark.parametrize(
    ("form", "start", "end"),
    [
        ("local", datetime(2016, 1, 5), datetime(2016, 1, 6)),
        ("epoch_s", 1451923200, 1452009600),
        ("epoch_ms", 1451923200000, 1452009600000),
    ],
)
def test_the_interval_is_told_as_the_contract_says(monkeypatch: pytest.MonkeyPatch, form: str, start: object, end: object) -> None:
    connection(monkeypatch, "mysql")
    contract = asked(form)
    bounds = sql._bounds(contract, contract.source, DAY, database("hearth_sources"))
    assert bounds == {"interval_start": start, "interval_end": end}


def test_an_instant_reaches_sql_server_with_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, "mssql")
    contract = asked("instant")
    bounds = sql._bounds(contract, contract.source, DAY, database("hearth_sources"))
    assert _mssql.substitute_params("%s", (bounds["interval_start"],)) == b"N'2016-01-04 16:00:00.000000+00:00'"


def test_what_each_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, "mariadb", port=None)
    told = database("hearth_sources").arguments(1.5, 10)
    assert (told["host"], told["port"], told["user"], told["database"]) == ("127.0.0.1", 3306, "reader", "hotline")
    assert told["password"] == b"p@ss/\xe7\x8e\x8b" and told["charset"] == "utf8mb4" and told["local_infile"] is False
    connection(monkeypatch, "mssql", port=None)
    told = database("hearth_sources").arguments(1.5, 10)
    assert (told["server"], told["port"], told["timeout"], told["login_timeout"]) == ("127.0.0.1", "1433", 10, 2)
    connection(monkeypatch, "oracle", port=None)
    told = database("hearth_sources").arguments(1.5, 10)
    assert (told["port"], told["service_name"], "sid" in told) == (1521, "hotline", False)
    connection(monkeypatch, "oracle", extra={"sid": "OLD"})
    told = database("hearth_sources").arguments(1.5, 10)
    assert (told["sid"], "service_name" in told) == ("OLD", False)


@pytest.mark.parametrize("kind", WITHOUT_OFFSET)
def test_certificates_are_checked_where_tls_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    certificate(tmp_path / "ca.pem")
    for given in (True, "true", {"ca": str(tmp_path / "ca.pem")}, json.dumps({"ca": str(tmp_path / "ca.pem")})):
        connection(monkeypatch, kind, extra={"ssl": given})
        told = database("hearth_sources").arguments(1, 10)
        context = told["ssl_context" if kind == "oracle" else "ssl"]
        assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
        if kind == "oracle":
            assert told["protocol"] == "tcps" and told["ssl_server_dn_match"]
    connection(monkeypatch, "mssql", extra={"ssl": True})
    with pytest.raises(SourceError, match="check certificate hostname = yes"):
        database("hearth_sources").arguments(1, 10)


@pytest.mark.parametrize(
    ("kind", "extra"),
    [("mysql", {"local_infile": True}), ("mssql", {"conn_properties": "x"}), ("oracle", {"ssl": {"wallet": "x"}})],
)
def test_an_extra_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str, extra: dict[str, Any]) -> None:
    """Passed over it would mislead; handed on it might open our files to the source."""
    connection(monkeypatch, kind, extra=extra)
    with pytest.raises(SourceError, match=r"hearth_sources: .*extra"):
        pull()


def driver_error(kind: str, number: int, words: str) -> sa.exc.DBAPIError:
    """As SQLAlchemy hands on what the driver raises."""
    if kind == "mysql":
        with pytest.raises(pymysql.err.Error) as raised:
            pymysql.err.raise_mysql_exception(b"\xff" + number.to_bytes(2, "little") + b"#HY000" + words.encode())
        error: Exception = raised.value
    elif kind == "mssql":
        error = pymssql.OperationalError(number, words.encode() + b"DB-Lib error message 20018")
    else:
        error = oracledb.DatabaseError(SimpleNamespace(code=number, full_code=f"ORA-{number:05d}"))
    made = sa.exc.DBAPIError.instance("select", {}, error, Exception, dialect=None)
    assert isinstance(made, sa.exc.DBAPIError)
    return made


@pytest.mark.parametrize(
    ("kind", "number", "fault"),
    [
        ("mysql", 1054, "refused"), ("mysql", 1146, "refused"), ("mysql", 1292, "value"), ("mysql", 1366, "value"),
        ("mysql", 2013, "away"), ("mysql", 1053, "away"), ("mysql", 1969, "away"), ("mysql", 1205, "away"),
        ("mssql", 207, "refused"), ("mssql", 208, "refused"), ("mssql", 245, "value"), ("mssql", 8114, "value"),
        ("mssql", 20003, "away"), ("mssql", 1205, "away"),
        ("oracle", 904, "refused"), ("oracle", 942, "refused"), ("oracle", 1722, "value"), ("oracle", 1843, "value"),
        ("oracle", 3113, "away"), ("oracle", 12541, "away"), ("oracle", 1555, "away"),
    ],
)  # fmt: skip
def test_the_words_about_a_value_are_not_repeated(monkeypatch: pytest.MonkeyPatch, kind: str, number: int, fault: str) -> None:
    """MySQL and SQL Server call all of these an operational error, and quote the value."""
    connection(monkeypatch, kind)
    error = driver_error(kind, number, "wrong value: '王小明'")
    told = sql._told(database("hearth_sources"), error, "tickets over hearth_sources")
    assert isinstance(told, SourceUnavailable) == (fault == "away")
    assert ("refuses the query" in str(told)) == (fault == "refused")
    if fault == "value":
        assert "王小明" not in str(told) and str(number) in str(told)


def test_columns_whose_offset_oracle_s_driver_leaves_out_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, "oracle")
    reached = database("hearth_sources")
    good = [("NO", oracledb.DB_TYPE_NUMBER), ("AT", oracledb.DB_TYPE_TIMESTAMP), ("ON", oracledb.DB_TYPE_DATE)]
    assert reached.changed(good) is None
    assert "['SENT']" in (reached.changed([*good, ("SENT", oracledb.DB_TYPE_TIMESTAMP_TZ)]) or "")
    assert "sys_extract_utc" in (reached.changed([("SENT", oracledb.DB_TYPE_TIMESTAMP_LTZ)]) or "")


@pytest.mark.parametrize(
    ("scheme", "quoted"),
    [
        ("mysql+pymysql", "`工单` `Mixed` `order` number"),
        ("mssql+pymssql", "[工单] [Mixed] [order] number"),
        ("oracle+oracledb", '"工单" "Mixed" "order" "number"'),
    ],
)
def test_names_are_quoted_as_each_database_has_it(scheme: str, quoted: str) -> None:
    """`number` is a word of Oracle's own."""
    quote = sa.create_engine(f"{scheme}://").dialect.identifier_preparer.quote
    assert " ".join(map(quote, ["工单", "Mixed", "order", "number"])) == quoted


@pytest.mark.parametrize("scheme", ["mysql+pymysql", "mssql+pymssql", "oracle+oracledb"])
def test_signs_that_mean_something_to_a_driver_reach_the_source_as_they_stand(scheme: str) -> None:
    engine = sa.create_engine(f"{scheme}://")
    query = r"select a as `率%`, date_format(b, '%Y %H\:%i') from t where c >= :interval_start"
    sent = str(sa.text(query).compile(dialect=engine.dialect))
    if "pymysql" in scheme:
        sent %= {"interval_start": 1}
    elif "pymssql" in scheme:
        sent = _mssql.substitute_params(sent, {"interval_start": 1}).decode()
    assert sent == query.replace("\\:", ":").replace(":interval_start", ":interval_start" if "oracle" in scheme else "1")


def of_mysql(kind: int, text: str) -> Any:
    """A value as PyMySQL makes it of what the server sends."""
    return plain(pymysql.converters.conversions[kind](text))


def test_values_become_what_the_source_itself_would_write() -> None:
    assert of_mysql(FIELD_TYPE.TIME, "09:05:00") == "09:05:00"
    assert of_mysql(FIELD_TYPE.TIME, "-838:59:59") == "-838:59:59"
    assert of_mysql(FIELD_TYPE.TIME, "00:00:00.5") == "00:00:00.500000"
    assert of_mysql(FIELD_TYPE.DATETIME, "2016-01-05 09:00:00.120") == "2016-01-05T09:00:00.120000"
    assert plain(pymysql.converters.conversions[FIELD_TYPE.DATETIME]("0000-00-00 00:00:00")) == "0000-00-00 00:00:00"
    assert plain(pymysql.converters.conversions[FIELD_TYPE.DATE]("2016-02-00")) == "2016-02-00"
    assert of_mysql(FIELD_TYPE.NEWDECIMAL, "12345678901234567890123") == 12345678901234567890123
    assert of_mysql(FIELD_TYPE.NEWDECIMAL, "1.50") == 1.5
    assert (plain(Decimal("7.0")), plain(date(2016, 1, 5)), plain(timedelta(days=1, hours=2))) == (7, "2016-01-05", "26:00:00")
    assert plain(b"\xff\0a") == plain(memoryview(b"\xff\0a")) == plain(bytearray(b"\xff\0a")) == "ff0061"
    assert plain(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    with pytest.raises(NoText, match="array"):
        plain(array("d", [1.0]))


def test_bits_are_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, "mysql")
    read = database("hearth_sources").arguments(1, 10)["conv"][FIELD_TYPE.BIT]
    assert (read(b"\x05"), read(b"\x01\x00"), read(b"\0")) == (5, 256, 0)


def test_the_offset_of_a_zone_that_the_source_does_not_know() -> None:
    assert [Clocks("Asia/Shanghai", 2016).offset(month) for month in (1, 7)] == ["+08:00", "+08:00"]
    assert [Clocks("America/New_York", 2016).offset(month) for month in (1, 7)] == ["-05:00", "-04:00"]
