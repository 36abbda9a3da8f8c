"""Nothing waits for ever: readers of the marts, people who leave a transaction open, builds and publications beside each other."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from hearth.transform import candidate, publish, swap
from hearth.warehouse import session_limits
from hearth.warehouse.migrate import ROLES, migrate
from tests.support.publishing import CHANGED_SHAPE, marts, planned
from tests.support.world import Warehouse


def made(warehouse: Warehouse) -> int:
    """A build whose candidate has a mart of a new shape."""
    plan = planned(warehouse)
    candidate.note(plan.build_id, "made")
    with psycopg.connect(warehouse.variables["HEARTH_WAREHOUSE_URL_TRANSFORMER"]) as transformer:
        transformer.execute(CHANGED_SHAPE)
    return plan.build_id


@pytest.mark.fault("F54")
def test_a_mart_of_a_new_shape_is_published_without_making_readers_wait(
    installed: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_PUBLISH_WAIT_SECONDS", "2")
    build, before = made(installed), marts(installed)
    reader = installed.variables["HEARTH_WAREHOUSE_URL_READER"]
    longest = 0.0
    with psycopg.connect(reader) as idle:
        idle.execute("select count(*) from marts.org_unit")
        failed: list[BaseException] = []

        def publishing() -> None:
            try:
                publish.gate_and_publish(build, "test")
            except swap.ReadersInTheWay as error:
                failed.append(error)

        thread = threading.Thread(target=publishing)
        thread.start()
        with psycopg.connect(reader, autocommit=True) as other:
            while thread.is_alive():
                begun = time.monotonic()
                other.execute("select count(*) from marts.org_unit")
                longest = max(longest, time.monotonic() - begun)
                time.sleep(0.01)
        thread.join()
    (error,) = failed
    assert "org_unit changed shape" in str(error) and "hearth_reader" in str(error)
    assert longest < 1, "nobody queued behind the publication for longer than it asks for a lock"
    assert marts(installed) == before
    publish.gate_and_publish(build, "test")
    assert installed.rows("select count(*) from marts.org_unit where opened_date is null")[0][0] > 0
    with psycopg.connect(reader) as late:
        assert late.execute("select count(*) from marts.org_unit").fetchone() is not None, "its readers may read the new one"


@pytest.mark.fault("F54")
def test_an_idle_transaction_on_a_candidate_ends_by_itself(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_SESSION_LIMITS", "all.idle_in_transaction_session_timeout=1s, transformer.lock_timeout=1min")
    urls = {role: installed.variables[f"HEARTH_WAREHOUSE_URL_{role.upper()}"] for role in ROLES if role != "engineer"}
    with psycopg.connect(installed.url) as owner:
        for statement in session_limits.statements("installed"):
            owner.execute(statement)
    engineer = psycopg.connect(installed.variables["HEARTH_WAREHOUSE_URL_ENGINEER"])
    engineer.execute("select count(*) from candidate.org_unit")
    begun = time.monotonic()
    with psycopg.connect(urls["transformer"]) as transformer:
        transformer.execute(CHANGED_SHAPE)
    assert time.monotonic() - begun < 20
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        engineer.execute("select 1")


def test_a_limit_that_is_none_is_refused_by_name(installed: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_SESSION_LIMITS", "loader.statement_timeout=for ever")
    with pytest.raises(ValueError, match=r"'loader.statement_timeout=for ever'; expected such as loader.statement_timeout=4h"):
        migrate(installed.url, {})
