"""A contract drafted from what a live source answers: pages over HTTP, a query, a file over SFTP; each over a real server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from click.testing import CliRunner, Result

from hearth.cli import main
from hearth.contracts.loading import load_contract
from tests.support.drafts import answered
from tests.support.places import Sftp
from tests.support.relay import Beside
from tests.support.weather import DAY, Source, hours

SQL_PART = """
title: Tickets of the old system
source:
  kind: sql
  connection: hearth_old
  query: |
    select * from ticket
    where changed_at >= :interval_start and changed_at < :interval_end
format: {kind: ndjson, compression: gzip}
columns:
  line: {constant: "963963"}
  channel: {constant: phone}
"""


def draft(folder: Path, part: str, entity: str, *more: str) -> Result:
    (folder / "part.yml").write_text(part, encoding="utf-8")
    given = ["contract", "draft", str(folder / "part.yml"), "--entity", entity, "--output", str(folder / "drafted.yml")]
    told = CliRunner().invoke(main, [*given, "--since", "2015-11-01", "--until", "2015-11-08", *more])
    if told.exit_code == 0:
        written = folder / "drafted.yml"
        written.write_text(answered(written.read_text(encoding="utf-8")), encoding="utf-8")
    return told


@pytest.fixture
def database_with_tickets(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database()
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_OLD", url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "create table ticket (工单编号 text, 工单类型 text, 创建时间 timestamp, 姓名 text, changed_at timestamptz, version int)"
        )
        owner.execute(
            "insert into ticket select 'T' || n, '投诉', '2015-11-03 10:00', '王小明', '2015-11-03 11:00+08', 1"
            " from generate_series(1, 30) n"
        )


def test_a_query(database_with_tickets: None, tmp_path: Path) -> None:
    result = draft(tmp_path, SQL_PART, "service_ticket")
    assert result.exit_code == 0, result.output
    assert "canonical column(s) mapped" in result.output
    text = (tmp_path / "drafted.yml").read_text(encoding="utf-8")
    assert "王" not in text
    assert "  query: |\n    select * from ticket\n    where" in text, "it stays readable"
    contract = load_contract(tmp_path / "drafted.yml")
    assert (contract.title, contract.source.kind, contract.version) == ("Tickets of the old system", "sql", "version")
    assert contract.arrival.from_ == "changed_at"  # type: ignore[union-attr]
    assert (contract.columns["line"].constant, contract.columns["channel"].constant) == ("963963", "phone")
    assert contract.columns["kind"].values == {"投诉": "complaint"}
    assert contract.source.model_dump()["query"] == yaml.safe_load(SQL_PART)["source"]["query"], "what was said stays"


def test_nothing_in_the_interval_and_a_part_without_a_source(database_with_tickets: None, tmp_path: Path) -> None:
    empty = draft(tmp_path, SQL_PART, "service_ticket", "--since", "2016-01-01", "--until", "2016-01-02")
    assert empty.exit_code == 1 and "empty" in empty.output
    wrong = draft(tmp_path, SQL_PART.replace("changed_at < :interval_end", "true"), "service_ticket")
    assert wrong.exit_code == 1 and "the query must use :interval_end" in wrong.output
    assert "expected a mapping with `source:`" in draft(tmp_path, "title: x", "service_ticket").output


def test_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": source.server.server_port, "schema": "http"}
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_WEATHER", json.dumps(connection))
    source.items = hours(48, DAY)
    part = {
        "source": {
            "kind": "http", "connection": "hearth_weather", "path": "/weather", "interval": {"from": "from", "to": "to"},
            "pages": {"items": "data.items", "next": "data.next", "total": "data.total"},
        },
    }  # fmt: skip
    try:
        result = draft(tmp_path, yaml.safe_dump(part), "outdoor_reading", "--zone", "Asia/Shanghai")
    finally:
        source.server.shutdown()
        source.server.server_close()
    assert result.exit_code == 0, result.output
    path = tmp_path / "drafted.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"OPEN the source column, or a constant"', "{constant: 60}"), encoding="utf-8"
    )
    contract = load_contract(path)
    assert {name: mapping.from_ for name, mapping in contract.columns.items()} == {
        "weather_station_id": "stationId", "observed_at": "obsTime", "temperature_degc": "temp", "period_minutes": None,
    }  # fmt: skip
    assert contract.arrival.from_ == "pubTime"  # type: ignore[union-attr]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served over SFTP as the connection hearth_branch."""
    beside = Beside()
    place = Sftp(tmp_path, beside)
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_BRANCH", json.dumps(place.connection))
    yield place.path
    place.close()
    beside.stop()


def test_a_file_of_a_folder(served: Path, tmp_path: Path) -> None:
    file = served / "室温_20151103.csv"
    file.write_bytes("测点编号;测温时间;室温(℃)\nA;13/11/2015 10:00;20.5\n".encode("gb18030"))
    os.utime(file, (at := datetime(2015, 11, 3, tzinfo=UTC).timestamp(), at))
    part = 'source: {kind: sftp, connection: hearth_branch, folder: /, pattern: "*.csv"}\n'
    result = draft(tmp_path, part, "room_reading")
    assert result.exit_code == 0, result.output
    contract = load_contract(tmp_path / "drafted.yml")
    assert contract.format.model_dump(include={"encoding", "delimiter"}) == {"encoding": "gb18030", "delimiter": ";"}
    assert contract.columns["read_at"].formats == ["%d/%m/%Y %H:%M"] and contract.arrival == "file"
    again = draft(tmp_path, part, "room_reading")
    assert again.exit_code == 1 and "is there already" in again.output
