"""A small simulated city with running servers, and fresh warehouses to load it into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from local import sources
from local.instance import Instance
from local.postgres import Server
from local.stack import ensure
from tests.support import parsed
from tests.support.servers import QUICK

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2015, 5, 1, tzinfo=ZONE)
END = datetime(2017, 4, 7, tzinfo=ZONE)
PERSON = "chen.gang"
WITHOUT_ARTEFACTS = ("--no-write-json",)
"""Option of dbt: its manifest and results, written twice, are half of what a call costs that builds one model."""


@dataclass
class World:
    """The running sources; `warehouse()` gives an empty migrated warehouse and points the environment at it."""

    instance: Instance
    engineer: str = ""
    """Address of the login of PERSON, an engineer; without the database's name."""

    @classmethod
    def start(cls, home: Path, scale: float, seed: int, *more: str, settings: Mapping[str, str] = QUICK) -> World:
        instance = Instance(home=home)
        instance.prepare()
        instance.server = Server(home / "pg", settings={**settings, "max_connections": "100"})
        instance.server.start()
        for port in ("city_http", "city_sftp", "airflow", "pages"):
            instance.choose_port(port)
        sources.build(instance, scale, seed, *more)
        sources.load_databases(instance)
        ensure(instance, [sources.service(instance)])
        return cls(instance)

    def stop(self) -> None:
        self.instance.supervisor.stop()
        self.instance.server.remove()

    def open(self, name: str, landing: Path | None = None, bucket: str | None = None) -> Warehouse:
        """An empty migrated warehouse called `name`; its landing store is its own unless one is named. With `bucket` its stores are
        there."""
        from hearth.warehouse import logins
        from hearth.warehouse.migrate import ROLES, migrate, role_urls

        url = self.instance.server.create_database(name)
        variables = {**self.instance.environment(), **sources.connections(self.instance)}
        for role in ("owner", *ROLES):
            key = f"HEARTH_WAREHOUSE_URL_{role.upper()}"
            variables[key] = url if role == "owner" else variables[key].replace("/warehouse", f"/{name}")
        variables |= stores(self.instance.home, name, bucket) | ({"HEARTH_LANDING": str(landing)} if landing else {})
        variables["HEARTH_DBT_TARGET"] = str(self.instance.home / f"dbt-{name}")
        variables.pop("PYTHONPATH")
        made = Warehouse(url, variables, self.instance.server.administrator_url(name))
        with made.active():
            migrate(url, role_urls())
            parsed.give(Path(variables["HEARTH_DBT_TARGET"]))
            self.engineer = self.engineer or logins.add(PERSON, "engineer").rpartition("/")[0]
        variables["HEARTH_WAREHOUSE_URL_ENGINEER"] = f"{self.engineer}/{name}"
        return made

    @contextmanager
    def warehouse(self, name: str, landing: Path | None = None) -> Iterator[Warehouse]:
        """The same, with the environment pointing at it for the time of the block."""
        made = self.open(name, landing)
        with made.active():
            yield made


def stores(home: Path, name: str, bucket: str | None) -> dict[str, str]:
    """Where the files of a warehouse lie: below `home`, or in a bucket."""
    place = f"s3://{bucket}/{{}}" if bucket else f"{home}/{{}}-{name}"
    return {"HEARTH_LANDING": place.format("landing"), "HEARTH_LAKE": place.format("lake")}


@dataclass
class Warehouse:
    """A warehouse under test. The environment names one at a time: `active()` says which."""

    url: str
    """The owner's, who is no superuser."""
    variables: dict[str, str] = field(default_factory=dict)
    administrator: str = ""
    """A superuser's, for what gets round every rule of the database."""

    @contextmanager
    def active(self) -> Iterator[None]:
        """The environment points here for the time of the block, whatever it pointed at before."""
        before = {key: os.environ.get(key) for key in self.variables}
        os.environ.update(self.variables)
        try:
            yield
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value

    def copied(self, server: Server, name: str, home: Path, bucket: str | None = None) -> Warehouse:
        """One equal to this, with files of its own under `home` or in a bucket. Nobody may be connected to this one."""
        from hearth.lake.files import Lake
        from hearth.landing.store import LandingStore

        original = self.url.rpartition("/")[2]
        url = server.create_database(name, template=original)
        urls = {key: value.replace(f"/{original}", f"/{name}") for key, value in self.variables.items() if "_URL_" in key}
        target, places = home / f"dbt-{name}", stores(home, name, bucket)
        for store in (LandingStore, Lake):
            store(places[store.variable]).fill(Path(self.variables[store.variable]))
        made = Warehouse(
            url, {**self.variables, **urls, **places, "HEARTH_DBT_TARGET": str(target)}, server.administrator_url(name)
        )
        if not target.exists():  # what dbt parsed stays for the next copy of that name
            with made.active():
                parsed.give(target)
        return made

    def discard(self, server: Server) -> None:
        server.drop_database(self.url.rpartition("/")[2])
        for name in ("HEARTH_LANDING", "HEARTH_LAKE"):
            if "://" not in self.variables[name]:  # a bucket goes with its server
                shutil.rmtree(self.variables[name])

    def rows(self, query: str, *parameters: Any) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, parameters or None).fetchall()

    def accepted(self, entity: str, feed: str | None = None) -> list[dict[str, Any]]:
        """The rows that stand of an entity, or of one feed of it, in raw or in files."""
        from hearth.contracts.entities import ENTITIES
        from hearth.lake.look import look

        chosen = f"where feed = '{feed}'" if feed else ""
        if ENTITIES[entity].in_files:
            with self.active():
                return look(f"select * from {entity} {chosen}", 0).rows.to_pylist()
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(f"select * from raw.{entity} {chosen}").fetchall()

    def activity(self, condition: str, *parameters: Any) -> int:
        """How many sessions pg_stat_activity shows with a condition; the owner is shown no statements of others."""
        with psycopg.connect(self.administrator) as connection:
            row = connection.execute(f"select count(*) from pg_stat_activity where {condition}", parameters or None).fetchone()
        return int(row[0]) if row else 0

    def load(self, feed: str, start: datetime = START, end: datetime = END, run_id: str = "test") -> dict[str, Any]:
        """Pull, land, clean, validate and load one feed for one interval, as its DAG does."""
        from hearth.contracts.interval import Interval
        from hearth.contracts.loading import find_contract
        from hearth.intake import take_in

        contract = find_contract(feed)
        pull_id = take_in.pull_and_land(contract, Interval(start, end), run_id)
        return take_in.clean_validate_load(contract, pull_id, run_id)

    def build(self, run_id: str = "test", tested: bool = False) -> Any:
        """Plan, transform, gate and publish, as build_marts does. None when nothing changed.

        `tested`: with dbt's data tests, more than half of a build's time. Who brings rows of a new kind says so.
        """
        from hearth.transform import dbt, publish
        from hearth.transform.plan import plan_build

        plan = plan_build(run_id)
        if plan is None:
            return None
        with short_build(tested):
            dbt.build(plan.build_id, plan.full_refresh)
        return publish.gate_and_publish(plan.build_id, run_id)


@contextmanager
def short_build(tested: bool = False) -> Iterator[None]:
    """dbt builds without its data tests unless they are asked for, and writes no artefacts."""
    from hearth.transform import dbt

    whole = dbt.run_dbt
    less = [*WITHOUT_ARTEFACTS, *([] if tested else ["--exclude-resource-type", "test"])]
    with mock.patch.object(dbt, "run_dbt", lambda arguments, **more: whole([*arguments, *less], **more)):
        yield


def feeds_in_order() -> list[str]:
    """All feeds, the register first."""
    from hearth.contracts.loading import load_contracts

    contracts = load_contracts()
    return sorted(contracts, key=lambda name: (not contracts[name].entity_definition.register, name))
