"""The brief's traffic light: are the data of the day whole? Colour, sign and word, and the reasons in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hearth.approvals.contract_changes import waiting_feeds
from hearth.approvals.in_force import waiting_contracts

_FEEDS = """
select feed, owner, completeness_percent, came_rows, expected_rows from marts.feed_quality
where heating_date = %s and expected_rows is not null order by completeness_percent, feed
"""
_DIFFERING = "select count(*) as number from marts.source_reconciliation where outcome = 'differs'"
_MISSING = """
select h.feed, count(*) as intervals from ledger.hole_open h
where h.interval_start < (%(day)s::date + 1)::timestamp at time zone (select time_zone from reference.place)
    and h.interval_end > %(day)s::date::timestamp at time zone (select time_zone from reference.place)
group by 1 order by 1
"""
_WAITING = """
select coalesce(sum(open_rows), 0)::bigint as open_rows,
    coalesce(sum(open_rows) filter (where age_class = 'overdue'), 0)::bigint as overdue_rows, max(as_of_date) as as_of
from marts.quarantine_ageing
"""


@dataclass(frozen=True)
class Light:
    """`state`: green, yellow, red, or grey where no feed owes rows for the day. `feeds`: those that owed, the emptiest first."""

    state: str
    reasons: list[str]
    feeds: list[dict[str, Any]]
    open_rows: int
    overdue_rows: int
    quarantine_as_of: date | None


def light_of(connection: psycopg.Connection, day: date, complete_percent: float) -> Light:
    """Judge the data of a day.

    Red: a feed that owed rows sent none, an interval of a feed was never pulled, or a stage does not hold what it should. Yellow:
    a feed is incomplete (`complete_percent`, a dated row), a contract waits for its approval, or refused rows wait longer than
    they should.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        feeds = cursor.execute(_FEEDS, (day,)).fetchall()
        differing = cursor.execute(_DIFFERING).fetchone()
        waiting = cursor.execute(_WAITING).fetchone()
        missing = cursor.execute(_MISSING, {"day": day}).fetchall()
    assert differing is not None and waiting is not None
    red = [f"{feed['feed']}（{feed['owner']}）无数据 sent nothing" for feed in feeds if not feed["came_rows"]]
    red += [f"{hole['feed']} 缺 {hole['intervals']} 个区间 intervals were never pulled" for hole in missing]
    if differing["number"]:
        red.append(f"{differing['number']} 个环节与来源不符 stages do not hold what came")
    yellow = [
        f"{feed['feed']} 完整率 complete {feed['completeness_percent']:.1f} %"
        for feed in feeds
        if feed["came_rows"] and feed["completeness_percent"] is not None and feed["completeness_percent"] < complete_percent
    ]
    yellow += [
        f"{feed} 契约改动未批准，仍按原契约 contract changed and not approved, the one before is used"
        for feed in waiting_contracts(connection)
    ]
    yellow += [
        f"{feed} 新数据源契约未批准，数据暂不入集市 a new feed, its contract not approved: its rows stay out of the marts"
        for feed in waiting_feeds(connection)
    ]
    if waiting["overdue_rows"]:
        yellow.append(f"{waiting['overdue_rows']:,} 行隔离数据逾期未处理 refused rows wait too long")
    state = "red" if red else "yellow" if yellow else "green" if feeds else "grey"
    return Light(state, red + yellow, feeds, waiting["open_rows"], waiting["overdue_rows"], waiting["as_of"])
