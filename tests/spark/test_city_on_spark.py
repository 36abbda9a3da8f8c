"""The small city's hours and days, made by Spark and put into the warehouse by a build's own step, beside DuckDB's."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from hearth.transform.reduction import reduce
from tests.support.engines_agree import differences
from tests.support.world import Warehouse

pytestmark = pytest.mark.servers
KEYS = {"point_day": ["point_id"], "system_day": ["system_id"], "source_hour": ["source_id", "hour_no"]}


def reduced(warehouse: Warehouse) -> dict[str, pa.Table]:
    found = {}
    for name in KEYS:
        with psycopg.connect(warehouse.url, row_factory=psycopg.rows.dict_row) as connection:
            rows = connection.execute(f"select * from reduced.{name}").fetchall()
        found[name] = pa.Table.from_pylist(rows)
    return found


def test_all_days_and_those_that_changed_are_what_duckdb_makes(
    reference: Warehouse, spark_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reference.active():
        assert reference.build() is not None
        wanted = reduced(reference)
        assert min(len(rows) for rows in wanted.values()) > 1000
        monkeypatch.setenv("HEARTH_READINGS_ENGINE", "local[2]")
        monkeypatch.setenv("HEARTH_SPARK_PYTHON", str(spark_python))
        monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")

        facts = reduce(full_refresh=True)
        assert {fact["node"].rpartition(".")[2]: int(fact["message"].split()[0]) for fact in facts} == {
            name: len(rows) for name, rows in wanted.items()
        }
        made = reduced(reference)
        for name, key in KEYS.items():
            assert differences(made[name], wanted[name], [*key, "heating_date"]) == [], name

        _some_days_changed(reference)
        reduce(full_refresh=False)
        again = reduced(reference)
        for name, key in KEYS.items():
            assert differences(again[name], wanted[name], [*key, "heating_date"]) == [], name


def _some_days_changed(warehouse: Warehouse) -> None:
    """Days in the middle of the season are gone and asked for, two stretches of them."""
    stretches = (("2016-01-10", "2016-01-14"), ("2016-12-01", "2016-12-01"))
    with psycopg.connect(warehouse.administrator, autocommit=True) as connection:
        connection.execute("delete from intermediate.int_rebuild_range")
        for first, last in stretches:
            for subject in ("room", "room_moving", "network", "source"):
                connection.execute(
                    "insert into intermediate.int_rebuild_range (subject, from_date, to_date) values (%s, %s, %s)",
                    (subject, first, last),
                )
            for name in KEYS:
                gone = connection.execute(f"delete from reduced.{name} where heating_date between %s and %s", (first, last))
                assert gone.rowcount > 0, (name, first)
