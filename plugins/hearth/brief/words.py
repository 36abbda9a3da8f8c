"""The brief's numbers and names in words, Chinese and English; the only place where a number becomes text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from hearth.brief.facts import KPIS, Facts, Kpi, Listed

ROOMS, COMPLAINTS, RENEWAL = KPIS
NO_DATA = "无数据 no data"


@dataclass(frozen=True)
class KpiWords:
    """Name of a KPI, the unit behind its figure, and behind a change of it."""

    zh: str
    en: str
    unit: str
    change_unit: str


NAMES = {
    ROOMS: KpiWords("室温合格率", "Room compliance", "%", "pp"),
    COMPLAINTS: KpiWords("万户投诉率", "Complaints per 10,000 homes", "件/万户", ""),
    RENEWAL: KpiWords("管网改造完成率", "Pipe renewal done", "%", "pp"),
}
VERDICTS = {
    "met": ("√", "达标", "target met"),
    "missed": ("×", "未达标", "target missed"),
    "too_early": ("…", "开季初不判定", "too early to judge"),
    "partly_known": ("…", "数据不全不判定", "partly known, not judged"),
    "no_target": ("–", "未设目标", "no target set"),
    "no_data": ("?", "无数据", "no data"),
}
LIGHTS = {
    "green": ("●", "数据完整", "data complete"),
    "yellow": ("▲", "数据需关注", "data need a look"),
    "red": ("■", "数据缺失", "data missing"),
    "grey": ("○", "无应到数据", "no feed owes rows"),
}
"""A sign beside each colour: not everybody tells red from green."""
WARNINGS = {
    "leak": "失水 leak",
    "pressure_drop": "失压 pressure drop",
    "flow_blocked": "堵塞 flow blocked",
    "supply_low": "供温偏低 supply low",
    "supply_high": "供温偏高 supply high",
}
CATEGORIES = {
    "room_cold": "室温不达标 room cold",
    "no_heat": "不热 no heat",
    "leak": "漏水 leak",
    "billing": "收费 billing",
    "service": "服务 service",
    "other": "其他 other",
}
WEEKDAYS = (
    "星期一 Monday",
    "星期二 Tuesday",
    "星期三 Wednesday",
    "星期四 Thursday",
    "星期五 Friday",
    "星期六 Saturday",
    "星期日 Sunday",
)


@dataclass(frozen=True)
class Line:
    """One line of a KPI's card."""

    zh: str
    en: str
    text: str
    is_late: bool = False


@dataclass(frozen=True)
class Card:
    """A KPI as it stands on the page: the figure of the season to date, its verdict, and what belongs beside it."""

    name: str
    zh: str
    en: str
    value: str
    verdict: str
    sign: str
    verdict_zh: str
    verdict_en: str
    lines: list[Line]


def number(value: float | None, digits: int = 1, unit: str = "", *, sign: bool = False) -> str:
    """A number with thousands separators, or the word that there is none."""
    if value is None:
        return NO_DATA
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return f"{text} {unit}" if unit else text


def card(kpi: Kpi, day: date) -> Card:
    """The card of one KPI of a heating day."""
    words = NAMES[kpi.name]
    sign, zh, en = VERDICTS[kpi.verdict]
    due = _target(kpi, kpi.target_to_date, words)
    lines = [
        *_own_lines(kpi, day),
        Line("前一日累计", "to date, day before", number(kpi.day_before, unit=words.unit)),
        Line("上季同日（变化）", "last season, same day (change)", _last_season(kpi, words)),
        Line("目标", "target", _target(kpi, kpi.target, words)),
        *([Line("截至当日应控制", "due by now", due)] if due != _target(kpi, kpi.target, words) else []),
        *_partly_known(kpi),
        _time_line(kpi, day),
    ]
    return Card(kpi.name, words.zh, words.en, number(kpi.value, unit=words.unit), kpi.verdict, sign, zh, en, lines)


def _last_season(kpi: Kpi, words: KpiWords) -> str:
    before = number(kpi.previous_value, unit=words.unit)
    return before if kpi.change is None else f"{before}（{number(kpi.change, unit=words.change_unit, sign=True)}）"


def _target(kpi: Kpi, value: float | None, words: KpiWords) -> str:
    if value is None:
        return "未设 none set"
    return f"{'≥' if kpi.target_direction == 'at_least' else '≤'} {number(value, unit=words.unit)}"


def today_value(kpi: Kpi, day: date) -> str:
    """What the one day brought, or why nobody knows."""
    if kpi.name == ROOMS:
        return (
            number(kpi.today.get("percent"), unit="%") if kpi.today.get("judged_household_days") else "当日无测温 no home measured"
        )
    if kpi.today.get("cases") is None:
        return NO_DATA
    return f"{kpi.today['cases']} 件 cases"


def reaches(kpi: Kpi, day: date) -> bool:
    """Whether the day itself is known."""
    return kpi.data_until is not None and kpi.data_until >= day


def station_cases(row: dict[str, Any]) -> str:
    """Cases of a station on the day; no 0 on a day that is not known."""
    return "无数据" if row["cases"] is None else str(row["cases"])


def _own_lines(kpi: Kpi, day: date) -> list[Line]:
    """What makes each KPI readable: n, coverage, interval; cases and homes; metres and projects."""
    if kpi.name == ROOMS:
        return _room_lines(kpi, day)
    if kpi.name == COMPLAINTS:
        return [
            Line("当日", "this day", today_value(kpi, day)),
            Line("累计件数 / 户数", "n, cases / homes", _cases(kpi)),
        ]
    done = kpi.to_date
    if not done:
        return [Line("进度", "progress", NO_DATA)]
    finish, within = done["forecast_completion_date"], done["renewed_within_plan_m"]
    return [
        Line("计划内完成", "done of plan", f"{number(within)} / {number(done['planned_length_m'], unit='m')}"),
        Line("计划外", "outside the plan", number(done["unplanned_length_m"], unit="m")),
        Line("计划应完成", "planned by now", number(done["planned_to_date_percent"], unit="%")),
        Line("逾期项目", "projects late", f"{done['projects_late']} / {done['projects']}"),
        Line("预计完工", "forecast", str(finish) if finish else "未知 not known"),
    ]


def _room_lines(kpi: Kpi, day: date) -> list[Line]:
    today, so_far = kpi.today, kpi.to_date
    lines = [Line("当日", "this day", today_value(kpi, day))]
    if today.get("judged_household_days"):
        low, high = number(today["interval_low_percent"]), number(today["interval_high_percent"])
        lines.append(Line("当日 95% 区间", "its interval", f"{low}–{high}，n = {today['judged_household_days']:,}"))
    if not so_far.get("judged_household_days"):
        return [*lines, Line("样本", "n", "本季无测温 no home measured this season")]
    return [
        *lines,
        Line("累计户日", "n, household-days", f"{so_far['judged_household_days']:,}"),
        Line(
            "覆盖率（户）",
            "coverage (homes)",
            f"{number(so_far['coverage_percent'], unit='%')}"
            f"（{so_far['measured_households']:,} / {so_far['served_households']:,}）",
        ),
    ]


def _cases(kpi: Kpi) -> str:
    cases, homes = kpi.to_date.get("cases"), kpi.to_date.get("served_households")
    if cases is None or homes is None:
        return NO_DATA
    return f"{cases:,} / {number(homes, 0)}"


def _partly_known(kpi: Kpi) -> list[Line]:
    """How many of the season's days the figure is of, where it is not all of them."""
    if kpi.days is None or kpi.days_known == kpi.days:
        return []
    return [Line("已知天数", "days known", f"{kpi.days_known} / {kpi.days}", is_late=True)]


def _time_line(kpi: Kpi, day: date) -> Line:
    """Until when there are data; late when that is before the day. Renewal is reported when there is something to report."""
    name = ("最近进度报告", "newest report") if kpi.name == RENEWAL else ("数据截至", "data to")
    if kpi.data_until is None:
        return Line(*name, NO_DATA, is_late=True)
    late = kpi.name != RENEWAL and not reaches(kpi, day)
    return Line(*name, f"{kpi.data_until}{'，此后无 none since' if late else ''}", late)


def cards(facts: Facts) -> list[Card]:
    return [card(facts.kpis[name], facts.day) for name in KPIS]


def title(facts: Facts) -> str:
    return f"供热晨报 Morning brief {facts.day}"


def subtitle(facts: Facts) -> str:
    return f"{WEEKDAYS[facts.day.weekday()]} · {facts.season} 供暖季第 {facts.season_day} 天 day {facts.season_day} of the season"


def published(facts: Facts) -> str:
    if facts.published_at is None:
        return "未发布 not published"
    local = facts.published_at.astimezone(ZoneInfo(facts.time_zone))
    return f"第 {facts.publication_id} 次发布 publication {facts.publication_id}, {local:%Y-%m-%d %H:%M}"


def as_of(listed_day: date | None, facts: Facts) -> str:
    """Said beside what is only known for the last day, when that is not the brief's day."""
    if listed_day is None or listed_day == facts.day:
        return ""
    return f"截至 {listed_day}，不是本日 as of {listed_day}, not of this day"


def how_many(listed: Listed, one: tuple[str, str], facts: Facts) -> str:
    """So many there are, so many are shown, and of which day."""
    zh, en = one
    backlog = f"；往季积压 backlog of earlier seasons: {listed.older}" if listed.older else ""
    if not listed.number:
        return f"截至 {facts.newest_day} 无{zh} no {en} at {facts.newest_day}{backlog}"
    shown = f"，列出前 {len(listed.rows)} 条 first {len(listed.rows)} shown" if len(listed.rows) < listed.number else ""
    note = as_of(listed.as_of, facts)
    return f"共 {listed.number} 条 {en}{shown}" + (f"；{note}" if note else "") + backlog


def headline(facts: Facts) -> list[str]:
    """The three figures in a line each, for chat and for whoever reads only the top."""
    lines = []
    for name in KPIS:
        kpi, words = facts.kpis[name], NAMES[name]
        sign, zh, en = VERDICTS[kpi.verdict]
        today = f"，当日 this day {today_value(kpi, facts.day)}" if name != RENEWAL else ""
        lines.append(f"{sign} {words.zh} {words.en}: {number(kpi.value, unit=words.unit)}（{zh} {en}）{today}")
    return lines


def short_text(facts: Facts, address: str) -> str:
    """The brief for a chat: figures, what to look at, where the page is. Plain text of a few hundred signs."""
    sign, zh, en = LIGHTS[facts.light.state]
    lines = [*headline(facts), f"{sign} {zh} {en}"]
    lines += [f"  - {reason}" for reason in facts.light.reasons[:3]]
    if facts.stations:
        worst = "、".join(f"{row['unit_id']} {number(row['percent'], unit='%')}" for row in facts.stations)
        lines.append(f"最差换热站 Worst stations: {worst}")
    lines.append(f"超时工单 Overdue cases: {how_many(facts.overdue, ('超时工单', 'overdue cases'), facts)}")
    lines.append(f"预警 Early warnings: {how_many(facts.warnings, ('预警', 'early warnings'), facts)}")
    if address:
        lines.append(address)
    return "\n".join(lines)


def figures_sha256(facts: Facts) -> str:
    """Digest of the figures as printed: when it changes, a reader of the old brief was told something else."""
    said: list[Any] = [str(facts.day)]
    for name in KPIS:
        kpi = facts.kpis[name]
        said += [name, number(kpi.value), kpi.verdict, today_value(kpi, facts.day) if name != RENEWAL else ""]
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()


def no_stations(facts: Facts) -> str:
    """Why the list of stations is empty."""
    if not facts.kpis[ROOMS].today.get("judged_household_days"):
        return "当日无测温，无法排序 No home was measured on this day."
    return "当日各站测温用户均达标 Every measured home of every station met the standard on this day."


def category(row: dict[str, Any]) -> str:
    """Category of an overdue case in words, else its kind."""
    code = row["category"] or row["kind"] or "-"
    return CATEGORIES.get(code, code)
