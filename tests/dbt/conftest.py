"""A company of hand-made rows under the seeds of a place, and the parsed project."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hearth.warehouse.migrate import ROLES, migrate
from local.postgres import Server
from tests.support.company import Company

DATABASE = "dbt_tests"
PASSWORD = "for-tests-only"  # pragma: allowlist secret
SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "changchun"


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """dbt's manifest of the project, parsed without a database."""
    from hearth.transform.dbt import read_manifest

    return read_manifest()


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}


@pytest.fixture(scope="session")
def _warehouse_url(postgres: Server) -> str:
    url = postgres.create_database(DATABASE)
    migrate(url, {role: postgres.url(DATABASE, f"hearth_{role}", PASSWORD) for role in ROLES})
    return url


@pytest.fixture(scope="session")
def _dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the session, so that dbt parses the project once."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture(scope="module")
def _environment(_warehouse_url: str, _dbt_target: Path, postgres: Server) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_WAREHOUSE_URL_TRANSFORMER", postgres.url(DATABASE, "hearth_transformer", PASSWORD))
        patch.setenv("HEARTH_DBT_TARGET", str(_dbt_target))
        patch.setenv("HEARTH_LAKE", str(_dbt_target / "lake"))
        patch.setenv("HEARTH_DBT_THREADS", "2")
        patch.delenv("HEARTH_SEEDS", raising=False)
        with psycopg.connect(_warehouse_url, autocommit=True) as connection:
            connection.execute(f"alter role hearth_transformer password '{PASSWORD}'")
        yield patch


@pytest.fixture(scope="module")
def company(postgres: Server, _environment: pytest.MonkeyPatch) -> Iterator[Company]:
    """An empty company under the seeds of Changchun."""
    made = Company(postgres.administrator_url(DATABASE))
    made.empty()
    yield made
    made.connection.close()


@pytest.fixture(scope="module")
def berlin(postgres: Server, _environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """An empty company of a place that changes its clocks; the rest of its seeds is Changchun's."""
    seeds = tmp_path_factory.mktemp("seeds") / "berlin"
    shutil.copytree(SEEDS, seeds)
    place = seeds / "place.csv"
    place.write_text(place.read_text(encoding="utf-8").replace("Asia/Shanghai", "Europe/Berlin"), encoding="utf-8")
    _environment.setenv("HEARTH_SEEDS", str(seeds))
    made = Company(postgres.administrator_url(DATABASE), "Europe/Berlin")
    made.empty()
    yield made
    made.connection.close()
    _environment.delenv("HEARTH_SEEDS")
