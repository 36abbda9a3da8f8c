"""HTML of the quality report, in the words of an auditor: what was expected, why, what came, which rows, what became of them."""

from __future__ import annotations

import calendar
import html
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from hearth.contracts.reasons import PRECEDENCE
from hearth.dated.limits import Limits
from hearth.reports.data_docs import page_of
from hearth.reports.document import document
from hearth.reports.quality_facts import Cell, Position, Validation
from hearth.reports.words import OUTCOMES, SEVERITIES, Words, words_of

_STYLE = (
    ".m td{padding:0;min-width:1.4rem;text-align:center}.m td a{display:block;text-decoration:none;color:#fff}"
    ".c{background:#b3261e}.w{background:#b35900}.n{background:#1a7f37}"
    "article{border-left:4px solid #b3261e;padding-left:.8rem;margin:1rem 0}article.w{border-color:#b35900}article{background:none}"
)
_CLASS = {"critical": "c", "warning": "w", "none": "n"}
_MARK = {"critical": "!", "warning": "?", "none": "·"}
"""A sign beside the colour: not everybody sees red."""
NEWEST_RED = 20


def _document(title: str, body: Iterable[str]) -> str:
    return document(title, f"<h1>{html.escape(title)}</h1>{''.join(body)}", width="80rem", style=_STYLE)


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Cells are text; a cell that is markup already comes as a tuple of one."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    lines = (
        "".join(f"<td>{c[0] if isinstance(c, tuple) else html.escape('-' if c is None else str(c))}</td>" for c in row)
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"


def matrix(month: str, cells: Sequence[Cell], to_root: str) -> str:
    """Feeds down, days across; every cell leads to the day on the feed's page."""
    year, number = map(int, month.split("-"))
    days = range(1, calendar.monthrange(year, number)[1] + 1)
    by_place = {(cell.subject, cell.day.day): cell for cell in cells}
    lines = []
    for subject in sorted({cell.subject for cell in cells}):
        name = html.escape(subject)
        line = [f'<th><a href="{to_root}feeds/{name}/{month}.html">{name}</a></th>']
        for day in days:
            cell = by_place.get((subject, day))
            target = f"{to_root}feeds/{name}/{month}.html#d{day:02d}"
            line.append(f'<td class={_CLASS[cell.severity]}><a href="{target}">{_MARK[cell.severity]}</a>' if cell else "<td>")
        lines.append(f"<tr>{''.join(line)}")
    head = "".join(f"<th>{day}" for day in days)
    return f"<table class=m><tr><th>feed 数据源{head}{''.join(lines)}</table>"


LEGEND = (
    "<p><b class=quiet>!</b> critical 严重: rows were refused or a batch held. <b class=quiet>?</b> warning 警告: loaded,"
    " somebody should look. <b class=quiet>·</b> passed 通过. A day is the last local day of the interval that was delivered.</p>"
)


def month_page(month: str, cells: Sequence[Cell]) -> str:
    body = ['<p><a href="../index.html">all months 全部月份</a></p>', LEGEND, matrix(month, cells, "../")]
    return _document(f"Data quality 数据质量 {month}", body)


def index_page(cells: Sequence[Cell], differing: Sequence[Sequence[Any]]) -> str:
    """The newest month in full, the newest red cells in words, every month by severity. Stays small however long the history."""
    if not cells:
        return _document("Data quality 数据质量", ["<p>Nothing was validated yet.</p>"])
    newest = max(f"{cell.day:%Y-%m}" for cell in cells)
    red = sorted((c for c in cells if c.critical), key=lambda c: (c.day, c.subject), reverse=True)
    return _document(
        "Data quality 数据质量",
        [
            '<p>Every validation of every batch, from the ledger. <a href="../dbt-docs/index.html">dbt docs</a></p>',
            _todo(red, differing),
            f"<h2>{newest}</h2>",
            LEGEND,
            matrix(newest, [c for c in cells if f"{c.day:%Y-%m}" == newest], ""),
            "<h2>Newest critical days 最近的严重问题</h2>",
            _table(
                ("day 日期", "feed 数据源", "critical validations 严重"),
                [(c.day, (_link(c),), c.critical) for c in red[:NEWEST_RED]],
            ),
            "<h2>Months by severity 各月汇总</h2>",
            _months(cells),
        ],
    )


def _link(cell: Cell) -> str:
    name = html.escape(cell.subject)
    return f'<a href="feeds/{name}/{cell.day:%Y-%m}.html#d{cell.day:%d}">{name}</a>'


def _todo(red: Sequence[Cell], differing: Sequence[Sequence[Any]]) -> str:
    items = [
        f"{stage} of {subject} {feed}: {expected} expected, {found} found. {message}"
        for subject, feed, stage, expected, found, message, _ in differing
    ]
    if red:
        items.append(f"{len(red)} days of feeds have refused rows; the newest first below. Waiting rows: hearth quarantine list")
    lines = "".join(f"<li>{html.escape(item)}" for item in items)
    return "<h2>What to do next 下一步</h2>" + (f"<ul>{lines}</ul>" if lines else "<p>Nothing is open.</p>")


def _months(cells: Sequence[Cell]) -> str:
    months: dict[str, list[int]] = {}
    for cell in cells:
        sums = months.setdefault(f"{cell.day:%Y-%m}", [0, 0, 0])
        for at, number in enumerate((cell.validations, cell.critical, cell.warning)):
            sums[at] += number
    rows = [((f'<a href="months/{month}.html">{month}</a>',), *sums) for month, sums in sorted(months.items(), reverse=True)]
    return _table(("month 月份", "validations 校验", "critical 严重", "warning 警告"), rows)


def feed_page(page: tuple[str, str], validations: Sequence[Validation], has_page: set[int], limits: Limits) -> str:
    """One feed in one month: a line for every validation, and what was wrong with those that failed."""
    subject, month = page
    body = [f'<p><a href="../../months/{month}.html">{month}</a> · <a href="../../index.html">all months 全部月份</a></p>']
    days = sorted({v.day for v in validations})
    for day in days:
        body.append(f'<h2 id="d{day:%d}">{day}</h2>')
        for validation in (v for v in validations if v.day == day):
            body.append(_validation(validation, has_page, limits))
    return _document(f"{subject} {month}", body)


def _validation(v: Validation, has_page: set[int], limits: Limits) -> str:
    name = f"validation {v.validation_id}, suite {v.suite}"
    if v.validation_id in has_page:
        name = (
            f'<a href="../../{html.escape(page_of(v.subject, v.suite, v.validated_at, v.validation_id))}">{html.escape(name)}</a>'
        )
    rows = ""
    if v.batch_id is not None:
        rows = (
            f" {v.kind} batch {v.batch_id} of [{v.interval_start:%Y-%m-%d %H:%M}, {v.interval_end:%Y-%m-%d %H:%M}) UTC:"
            f" {v.rows_read} rows read 读取, {v.rows_loaded} loaded 入库, {v.rows_quarantined} quarantined 隔离,"
            f" {v.rows_duplicate} repeated 重复."
        )
    head = f"<p id=v{v.validation_id}><b>{SEVERITIES[v.severity]}</b> · {name} · {OUTCOMES[v.outcome]}.{html.escape(rows)}</p>"
    failed = [_failed(v, found, limits) for found in (v.result or {}).get("results", []) if not found["success"]]
    return head + "".join(failed)


def _failed(v: Validation, found: dict[str, Any], limits: Limits) -> str:
    """One expectation that was not met."""
    config, severity = found["expectation"], found["severity"]
    meta = config.get("meta") or {}
    words = words_of(v.suite, meta.get("reason"), "reasons" in meta, severity)
    reasons = [meta["reason"]] if meta.get("reason") else []
    if "reasons" in meta:
        judged = {
            "time_after_arrival",
            "time_too_old",
            "closed_before_created",
            "out_of_range",
            "unknown_point",
            "renewal_exceeds_plan",
        }
        reasons = [r for r in PRECEDENCE if r in v.fates and r not in judged | {"batch_held", "conflicting_duplicate"}]
    lines = [
        ("Expected 要求", f"{config.get('description') or config['type']} ({_rule(config['kwargs'], v.day, limits)})"),
        ("Why 依据", words.why),
        ("Came 实际", _came(found)),
        ("How many 数量", f"{found['unexpected_count']} of {found['element_count']} rows"),
        ("What became of them 处置", _fate(v, reasons, severity)),
        ("To do 下一步", words.to_do),
    ]
    listed = "".join(f"<br><b>{name}</b>: {html.escape(text)}" for name, text in lines)
    return f"<article class={_CLASS.get(severity, 'w')}>{_title(words)}{listed}{_rows(v, reasons)}</article>"


def _title(words: Words) -> str:
    return f"<b>{html.escape(words.name)} {html.escape(words.name_zh)}</b>"


def _rule(kwargs: dict[str, Any], day: date, limits: Limits) -> str:
    """The rule with the dated value that held on the day: `temperature_degc: max_value 40 (room_max_degc)`."""
    known, parts = limits.on(day), []
    for name, value in kwargs.items():
        if isinstance(value, dict) and "$PARAMETER" in value:
            code = value["$PARAMETER"]
            parts.append(f"{name} {known.get(code, 'unknown')} ({code})")
        elif name not in ("column", "batch_id"):
            parts.append(f"{name} {value}")
    return f"{kwargs.get('column', '')}: {', '.join(parts)}"


def _came(found: dict[str, Any]) -> str:
    if found.get("observed_value") is not None:
        return str(found["observed_value"])[:200]
    if found["expectation"]["kwargs"].get("column") == "problem_bits":
        return "see the reasons of the rows"
    return f"for example {', '.join(str(e)[:40] for e in found['examples'][:5])}" if found["examples"] else "-"


def _fate(v: Validation, reasons: Sequence[str], severity: str) -> str:
    if severity != "critical":
        return f"refused nothing; the batch was {OUTCOMES[v.outcome]}"
    if v.batch_id is None:
        return OUTCOMES[v.outcome]
    if v.is_superseded:
        return OUTCOMES["superseded"]
    chosen = list(v.fates) if v.suite == "batch_gate" else reasons
    states = [
        f"{reason}: " + ", ".join(f"{n} {OUTCOMES[s]}" for s, n in v.fates[reason].items())
        for reason in chosen
        if reason in v.fates
    ]
    held = "the whole batch was held 整批扣留; " if v.status == "held" else ""
    nothing = "no row of it is in quarantine now; a channel of a wide row is left out alone"
    return f"{held}quarantined 已隔离; now {'; '.join(states)}" if states else held or nothing


def _rows(v: Validation, reasons: Sequence[str]) -> str:
    """Where the refused rows stand: file, place, key, state, and the command that shows one."""
    places: list[tuple[str, Position]] = [(reason, p) for reason in reasons for p in v.positions.get(reason, [])]
    if not places:
        return ""
    table = _table(
        ("reason 原因", "file 文件", "record 行", "about 对象", "state 状态", "row 编号"),
        [(r, p.file, f"{p.position}.{p.sub_position}", p.subject_id, OUTCOMES[p.state], p.key) for r, p in places],
    )
    one = f"hearth quarantine show {v.subject} {places[0][1].key}"
    every = f"hearth quarantine list --feed {v.subject} --csv rows.csv"
    return (
        f"{table}<p class=quiet>One row with its history: <code>{html.escape(one)}</code>;"
        f" all of them: <code>{html.escape(every)}</code></p>"
    )
