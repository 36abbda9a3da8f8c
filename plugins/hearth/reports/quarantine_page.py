"""Rejected rows that wait, as a page: by feed, reason and age, with who answers and the command to go on. No record is shown."""

from __future__ import annotations

from pathlib import Path

from hearth.reports.page import Page
from hearth.reports.words import REASONS
from hearth.warehouse.connections import connect

AGES = {"overdue": "overdue 逾期", "waiting": "waiting 等待", "recent": "recent 近期"}
_OPEN = """
select feed, reason, age_class, open_rows, oldest_open_date, oldest_open_days, owner, as_of_date from marts.quarantine_ageing
where open_rows > 0 order by array_position(array['overdue', 'waiting', 'recent'], age_class), open_rows desc, feed, reason
"""
_SETTLED = "select coalesce(sum(waived_rows), 0), coalesce(sum(replayed_rows), 0), max(as_of_date) from marts.quarantine_ageing"


def write_quarantine_page() -> Path:
    """HEARTH_PAGES/quarantine/index.html, from the mart quarantine_ageing; returns its path."""
    with connect("reader") as connection:
        rows = connection.execute(_OPEN).fetchall()
        settled = connection.execute(_SETTLED).fetchone()
    assert settled is not None
    waived, replayed, as_of = settled
    page = Page("Quarantine 隔离区: rejected rows that wait 待处理的拒收数据", as_of)
    waiting: dict[tuple[str, str], int] = {}
    for feed, reason, _, number, *_ in rows:
        waiting[feed, reason] = waiting.get((feed, reason), 0) + number
    overdue = sum(row[3] for row in rows if row[2] == "overdue")
    page.todo(_next_steps(waiting, overdue))
    page.say(
        f"{sum(row[3] for row in rows):,} rows wait 待处理, {overdue:,} of them too long 逾期; {waived:,} are waived 已豁免,"
        f" {replayed:,} were replayed 已重放. As of the last build of the marts."
    )
    page.table(
        "Open rows 待处理",
        ("Feed 数据源", "Reason 原因", "Age 时长", "Rows 行数", "Oldest 最早", "Days 天数", "Owner 责任方", "Look at them 查看"),
        [
            (
                feed,
                _reason(reason),
                AGES[age],
                f"{number:,}",
                oldest,
                days,
                owner,
                f"hearth quarantine list --feed {feed} --reason {reason} --rows 5",
            )
            for feed, reason, age, number, oldest, days, owner, _ in rows
        ],
    )
    page.section(
        "Ways out 处理办法",
        "A row is never edited. The contract was wrong: correct it, try it (hearth quarantine correct FEED --contract FILE), then"
        " hearth quarantine replay FEED --why TEXT. The source was wrong: it delivers again. Nothing can be done: hearth quarantine"
        " waive FEED --reason REASON --why TEXT. The same by a form: Airflow's DAG `quarantine`."
        " 拒收数据不可直接修改：修改契约后重放、请源系统重新送达，或写明理由豁免；也可用 Airflow 的 quarantine 表单。",
    )
    return page.write("quarantine")


def _next_steps(waiting: dict[tuple[str, str], int], overdue: int) -> list[str]:
    """The largest heaps first, each with what usually mends it."""
    steps = [f"{overdue:,} rows are overdue: correct, replay or waive them."] if overdue else []
    for (feed, reason), number in sorted(waiting.items(), key=lambda item: -item[1])[:3]:
        mend = REASONS[reason].to_do if reason in REASONS else "look at them"
        steps.append(f"{feed}, {number:,} rows, {reason}: {mend}.")
    return steps


def _reason(code: str) -> str:
    return f"{code}: {REASONS[code].name} {REASONS[code].name_zh}" if code in REASONS else code
