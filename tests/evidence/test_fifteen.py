"""The oldest PostgreSQL that is promised: the city loaded, built, published and sealed there as on the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.postgres import SMALL, Server
from tests.support.world import Warehouse, World, feeds_in_order

FIFTEEN = Path("/usr/lib/postgresql/15/bin")
VALUES = "select season, heating_date, unit_kind, unit_id, kpi, value, verdict from marts.season_kpi order by 1, 2, 3, 4, 5"


@pytest.mark.servers
@pytest.mark.skipif(not FIFTEEN.exists(), reason="no PostgreSQL 15 (Debian 12: apt-get install postgresql-15)")
@pytest.mark.fault("F58")
def test_postgresql_15_gives_the_same_figures(
    warehouse: Warehouse, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hearth.intake.restore import restore
    from hearth.proof.seal import seal
    from hearth.warehouse.migrate import ROLES, migrate, role_urls

    tmp_path.chmod(0o711)
    server = Server(tmp_path / "pg", settings=SMALL, programs=FIFTEEN)
    try:
        url = server.start().create_database("fifteen")
        monkeypatch.setenv("HEARTH_WAREHOUSE_URL_OWNER", url)
        monkeypatch.setenv("HEARTH_DBT_TARGET", str(tmp_path / "dbt"))
        for role in ROLES:
            monkeypatch.setenv(f"HEARTH_WAREHOUSE_URL_{role.upper()}", server.url("fifteen", f"hearth_{role}", "for-tests-only"))
        migrate(url, role_urls())
        oldest = Warehouse(url)
        assert oldest.rows(
            "select current_setting('server_version_num')::int / 10000, rolsuper from pg_roles where rolname = user"
        ) == [(15, False)]
        counts = restore([], print)
        assert counts["pulls"] == len(feeds_in_order()) and counts["refused"] == 0
        assert oldest.build("fifteen") is not None and seal("fifteen") is not None
        assert oldest.rows(VALUES) == warehouse.rows(VALUES)
    finally:
        server.remove()
