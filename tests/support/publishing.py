"""What the tests of publication share: the published marts as digests, a plan for a day that changed, a build seen at work."""

from __future__ import annotations

import time
from datetime import date
from multiprocessing.process import BaseProcess

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from hearth.transform.plan import BuildPlan, plan_build
from tests.support.disturbed import start_build
from tests.support.readings import rewrite
from tests.support.world import Warehouse

DAY = date(2015, 10, 25)

CHANGED_SHAPE = "alter table candidate.org_unit add column opened_date date"
"""A mart of a new shape."""


def marts(warehouse: Warehouse) -> dict[str, tuple]:
    """Every published mart with a digest of its rows."""
    names = [name for (name,) in warehouse.rows("select tablename from pg_tables where schemaname = 'marts' order by 1")]
    return {name: warehouse.rows(f"select count(*), sum(hash_record_extended(t, 0)) from marts.{name} t")[0] for name in names}


def newest_hash(warehouse: Warehouse) -> str:
    return str(warehouse.rows("select content_hash from ledger.publication order by publication_id desc limit 1")[0][0])


def run(warehouse: Warehouse, statement: str, *values: object) -> None:
    with psycopg.connect(warehouse.url) as owner:
        assert owner.execute(statement, values or None).rowcount > 0, statement


def arrive(warehouse: Warehouse) -> None:
    """A batch that changes one day: the next plan builds it anew."""
    run(
        warehouse,
        "with made as (insert into ledger.batch select nextval('ledger.batch_id'), feed, entity, kind, status, interval_start,"
        " interval_end, pull_id, run_id, contract_hash, suite_hash, 0, 0, 0, 0, note"
        " from ledger.batch where entity = 'room_reading' limit 1 returning batch_id, entity)"
        " insert into ledger.batch_day select batch_id, entity, %s, 1 from made",
        DAY,
    )


def colder_day(warehouse: Warehouse) -> None:
    """The readings of one day are others now, and the ledger says that a batch brought them."""

    def colder(table: pa.Table) -> pa.Table:
        of_day = pc.equal(pc.local_timestamp(table["read_at"].cast(pa.timestamp("us", "Asia/Shanghai"))).cast(pa.date32()), DAY)
        degrees = pc.if_else(of_day, pc.subtract(table["temperature_degc"], 9), table["temperature_degc"])
        return table.set_column(table.schema.get_field_index("temperature_degc"), "temperature_degc", degrees)

    assert rewrite(warehouse, "room_reading", colder)
    arrive(warehouse)


def build_at_work(warehouse: Warehouse, condition: str, *parameters: object) -> BaseProcess:
    """A build in a process of its own, once pg_stat_activity shows it with a condition."""
    process, deadline = start_build(), time.monotonic() + 120
    while not warehouse.activity(condition, *parameters):
        assert process.is_alive() and time.monotonic() < deadline, "the build was never seen there"
        time.sleep(0.02)
    return process


DBT_AT_WORK = ("state = 'active' and query like %s", '%"model.hearth.int\\_%')


def planned(warehouse: Warehouse) -> BuildPlan:
    """A plan for one more day that changed, as a batch that arrives makes one."""
    arrive(warehouse)
    plan = plan_build("test")
    assert plan is not None
    return plan
