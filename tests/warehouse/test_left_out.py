"""What was left out of accepted rows stands in the ledger, and whoever reconciles or follows a number sees it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.rows import tuple_row

from hearth.commands.reconcile import reconcile
from hearth.contracts.entities import ENTITIES
from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from hearth.quarantine.replay import replay
from hearth.trace.origin import _left_out
from tests.support import extremes
from tests.support.weather import DAY, Source
from tests.support.world import Warehouse


def test_channels_left_out_are_counted_by_batch_column_and_reason(
    installed: Warehouse, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    made = extremes.contract(ENTITIES["station_reading"], "wide")
    made["no_record"] = {"column": "system_id", "texts": ["合计"]}
    made["columns"] = {name: made["columns"][name] for name in ("system_id", "read_at", "heat_kw")}
    made["columns"]["flow_m3_h"] = {"from": "flow_m3_h", "unit": "m3/h", "error_codes": [-9999]}
    (feeds / "wide.yml").write_text(json.dumps(made))
    monkeypatch.setenv("HEARTH_FEEDS", str(feeds))
    arrived = (DAY + timedelta(hours=9)).isoformat()
    good = {"system_id": "S", "heat_kw": 10, "flow_m3_h": 1, "arrived": arrived}
    changes = ({"flow_m3_h": -9999}, {"flow_m3_h": 9e9}, {"flow_m3_h": -9999, "heat_kw": "x"}, {"system_id": "合计"}, {})
    source.items = [
        good | {"read_at": (DAY + timedelta(minutes=n)).isoformat()} | change
        for n, change in enumerate((*changes, {"flow_m3_h": -9999}))
    ]
    source.items.append(source.items[0])  # sent twice, counted once
    source.items.append(source.items[4] | {"flow_m3_h": -9999})  # of two of one key the one that lacks nothing stands
    contract = find_contract("wide")
    pull = take_in.pull_and_land(contract, Interval(DAY, DAY + timedelta(days=1)), "test")
    counts = take_in.clean_validate_load(contract, pull, "test")
    assert counts == {"rows_read": 7, "rows_loaded": 4, "rows_quarantined": 2, "rows_duplicate": 1}
    refused = "select position, first_reason from quarantine.row_open where feed = 'wide' order by position"
    assert installed.rows(refused) == [(3, "unreadable_value"), (8, "error_code")]
    kept = "select column_name, reason, number from ledger.batch_left_out order by 1, 2"
    found = [("flow_m3_h", "error_code", 2), ("flow_m3_h", "out_of_range", 1), ("system_id", "no_record", 1)]
    assert installed.rows(kept) == found
    coded = "flow_m3_h:error_code"
    rows = sorted(installed.accepted("station_reading", "wide"), key=lambda row: row["read_at"])
    assert [(row["flow_m3_h"] is not None, row["heat_kw"], row["left_out"]) for row in rows] == [
        (False, 10, coded), (False, 10, "flow_m3_h:out_of_range"), (True, 10, None), (False, 10, coded),
    ]  # fmt: skip
    told = CliRunner().invoke(reconcile, ["--feed", "wide"]).output
    assert f"LEFT OUT     wide pull {pull}: 2 of flow_m3_h: error_code" in told and ", 0 found" not in told
    with psycopg.connect(installed.url, row_factory=tuple_row) as connection:
        connection.execute("create temp table traced as select feed, batch_id from ledger.batch where feed = 'wide'")
        (step,) = _left_out(connection)
        assert sorted(row[2:] for row in step.rows) == found
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute("delete from ledger.batch_left_out")
    source.items = [item | {"flow_m3_h": 1} for item in source.items[:2]]
    take_in.clean_validate_load(contract, take_in.pull_and_land(contract, Interval(DAY, DAY + timedelta(days=1)), "test"), "test")
    cells = [row["left_out"] for row in installed.accepted("station_reading", "wide")]
    assert cells == [None, None], "the corrected delivery has taken the place of the first"
    standing = "select count(*) from ledger.batch_left_out join ledger.batch_current using (batch_id) where feed = 'wide'"
    assert installed.rows(standing) == [(0,)]


def test_rows_that_an_earlier_version_refused_are_replayed_without_their_channel(installed: Warehouse) -> None:
    waiting = "select count(*) from quarantine.row_open where feed = 'station_readings' and first_reason = 'error_code'"
    ((refused,),) = installed.rows(waiting)
    assert refused > 0
    replay(find_contract("station_readings"), "test", "a channel is left out alone now", "error_code")
    assert installed.rows(waiting) == [(0,)]
    lacking = [row for row in installed.accepted("station_reading") if (row["left_out"] or "").endswith(":error_code")]
    assert len([row for row in lacking if row["heat_counter_gj"] is not None]) == len(lacking) == refused
