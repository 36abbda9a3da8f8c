"""The same rows from a MariaDB and from a PostgreSQL become the same raw rows and the same refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from hearth.contracts.contract import Contract
from hearth.contracts.interval import Interval
from hearth.intake import take_in
from tests.support.mariadb import MariaDb
from tests.support.world import Warehouse

pytestmark = pytest.mark.servers

DAY = Interval(datetime(2016, 1, 4, 16, tzinfo=UTC), datetime(2016, 1, 5, 16, tzinfo=UTC))
TABLE = (
    "create table 工单 (编号 decimal(24, 0), 类别 varchar(20), 状态 varchar(20), 受理时间 {time}, 用户编号 decimal(10, 1),"
    " 满意度 int, 电话 varchar(20), 版本 decimal(10, 0), 更新时间 {time})"
)
ROWS = [
    ("20160105000000000001", "不热", "已受理", "2016-01-05 09:00:00", "7.0", 4, "13800000001", 1, "2016-01-05 09:30:00"),
    ("20160105000000000002", "漏水", "已办结", "2016-01-04 22:00:00.25", "8.0", None, None, 1, "2016-01-05 00:00:00"),
    ("20160105000000000003", "奇怪", "待受理", "2016-01-05 09:00:00", None, 1, "13800000003", 2, "2016-01-05 23:59:59"),
    ("20160105000000000004", "不热", "待受理", "2016-01-05 09:00:00", None, 1, None, 2, "2016-01-06 00:00:00"),
]


def contract(feed: str, connection: str) -> Contract:
    query = "select * from 工单 where 更新时间 >= :interval_start and 更新时间 < :interval_end order by 编号"
    return Contract.model_validate(
        {
            "feed": feed, "title": "Tickets", "entity": "service_ticket", "owner": {"team": "t"},
            "source": {"kind": "sql", "connection": connection, "query": query, "interval": {"as": "local"}},
            "schedule": {"season": "0 0 * * *"}, "reconcile": {"sums": ["满意度"]},
            "format": {"kind": "ndjson", "compression": "gzip"}, "time_zone": "Asia/Shanghai",
            "arrival": "更新时间", "version": "版本",
            "columns": {
                "line": {"constant": "963963"}, "ticket_no": "编号", "kind": {"constant": "complaint"},
                "category": {"from": "类别", "values": {"不热": "no_heat", "漏水": "leak"}},
                "status": {"from": "状态", "values": {"待受理": "waiting", "已受理": "accepted", "已办结": "closed"}},
                "created_at": "受理时间", "household_id": "用户编号", "satisfaction": "满意度", "caller_phone": "电话",
            },
        }
    )  # fmt: skip


def loaded(installed: Warehouse, feed: str) -> tuple[Any, Any, Any]:
    """What stands of a feed, without ids of ours, and what its source counted."""
    raw = "select to_jsonb(r) - '{feed,batch_id,file_id}'::text[] from raw.service_ticket r where feed = %s order by r.ticket_no"
    refused = "select record, reasons, position from quarantine.row_open where feed = %s order by position"
    answer = "select a.outcome, a.number, a.sums from ledger.source_answer a join ledger.pull using (pull_id) where feed = %s"
    return tuple(installed.rows(query, feed) for query in (raw, refused, answer))


def test_the_same_rows_become_the_same(
    installed: Warehouse, mariadb: MariaDb, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database()
    monkeypatch.setenv("AIRFLOW_CONN_OF_POSTGRESQL", url)
    monkeypatch.setenv("AIRFLOW_CONN_OF_MARIADB", mariadb.connection())
    marks = ", ".join(["%s"] * len(ROWS[0]))
    with psycopg.connect(url) as owner:
        owner.execute(TABLE.format(time="timestamp"))
        owner.cursor().executemany(f"insert into 工单 values ({marks})", ROWS)
    mariadb.run(TABLE.format(time="datetime(6)").replace("工单", "hotline.工单"))
    for row in ROWS:
        mariadb.run(f"insert into hotline.工单 values ({marks})", values=row)
    counts, found = [], []
    for kind in ("postgresql", "mariadb"):
        made = contract(f"tickets_of_{kind}", f"of_{kind}")
        pull_id = take_in.pull_and_land(made, DAY, "test")
        counts.append(take_in.clean_validate_load(made, pull_id, "test"))
        found.append(loaded(installed, made.feed))
    assert counts[0] == {"rows_read": 3, "rows_loaded": 2, "rows_quarantined": 1, "rows_duplicate": 0}
    assert counts[1] == counts[0] and found[1] == found[0]
    assert [row["ticket_no"] for (row,) in found[1][0]] == ["20160105000000000001", "20160105000000000002"]
    assert found[1][2] == [("answered", 3, {"满意度": 5.0})]
