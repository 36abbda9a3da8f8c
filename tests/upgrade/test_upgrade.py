"""Installations of every earlier version become today's, and nothing published or recorded changes by it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from hearth.proof.landing import check_landing, deleted_files, recorded_files
from hearth.proof.live import verify_warehouse
from local.postgres import Server
from tests.support.kept_installation import VERSIONS, bring_back, facts, upgrade

BESIDE_THE_VERSION = {"ledger.migration", "ledger.definition", "ledger.definition_file"}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_installation_is_upgraded_with_all_that_stood_in_it(postgres: Server, version: str, tmp_path: Path) -> None:
    kept = facts(version)
    made = bring_back(postgres, version, "upgraded", tmp_path)
    try:
        assert upgrade(made), "this version has migrations the kept one has not"
        assert upgrade(made) == [], "a second time there is nothing left to do"
        counted = {name: made.rows(f"select count(*) from {name}")[0][0] for name in kept["tables"]}
        assert counted == kept["tables"]
        values = made.rows("select count(*), sum(hash_record_extended(k, 0))::text from marts.season_kpi k")
        assert values == [tuple(kept["season_kpi"])]
        with made.active(), psycopg.connect(made.url) as owner:
            assert verify_warehouse(owner).findings == [], "what was sealed before the upgrade is whole after it"
            findings, _, deleted = check_landing(tmp_path / "landing", recorded_files(owner), deleted_files(owner))
        assert (findings, deleted) == ([], 1)
    finally:
        postgres.drop_database("upgraded")
