"""The brief as one PDF page: the same facts and drawings as the page, with nothing but Python packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepInFrame, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from hearth.brief import drawing, words
from hearth.brief.facts import KPIS, Facts
from hearth.brief.fonts import configured

MARGIN = 12 * mm
WIDTH = A4[0] - 2 * MARGIN
LIGHT_COLOURS = {"green": "#009E73", "yellow": "#E69F00", "red": "#B3261E", "grey": "#6B6B6B"}
GREY, BLUE, RULE = "#595959", "#0072B2", HexColor("#D5D5D5")


def write(facts: Facts, path: Path) -> Path:
    """Write the PDF; always one page: what does not fit is made smaller."""
    document = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=words.title(facts), author="Hearth", lang="zh-CN", invariant=1,
    )  # fmt: skip
    frame = KeepInFrame(WIDTH - 12, A4[1] - 2 * MARGIN - 12, _story(facts), mode="shrink")
    document.build([frame])
    return path


def _text(text: str, size: float = 8, colour: str = "#222222", *, right: bool = False) -> Paragraph:
    """Words with markup; what comes from the marts is escaped by the caller."""
    fonts = configured()
    style = ParagraphStyle("brief", fontName=fonts.latin, fontSize=size, leading=size * 1.3, textColor=HexColor(colour))
    style.alignment = 2 if right else 0
    return Paragraph(fonts.marked(text), style)


def _story(facts: Facts) -> list[Flowable]:
    sign, zh, en = words.LIGHTS[facts.light.state]
    colour = LIGHT_COLOURS[facts.light.state]
    reasons = "； ".join(escape(reason) for reason in facts.light.reasons[:4])
    return [
        _text(f"供热晨报 Morning brief {facts.day}", 18),
        _text(escape(words.subtitle(facts)), 8, GREY),
        Spacer(1, 4),
        _text(
            f'<font color="{colour}" size="11">{sign}</font> {zh} {en}'
            + (f'　<font color="{GREY}">{reasons}</font>' if reasons else "")
        ),
        Spacer(1, 6),
        _cards(facts),
        *_section("最差换热站 Worst stations, this day", "", _stations(facts)),
        *_section("超时工单 Overdue cases", words.how_many(facts.overdue, ("超时工单", "overdue cases"), facts), _overdue(facts)),
        *_section("预警 Early warnings", words.how_many(facts.warnings, ("预警", "early warnings"), facts), _warnings(facts)),
        *_section("数据质量 Data quality", _quarantine(facts), _feeds(facts)),
        Spacer(1, 6),
        _text(
            f"{escape(words.published(facts))}. 数值均取自已发布数据集市 Every number is a cell of the published marts.", 6.5, GREY
        ),
    ]


def _cards(facts: Facts) -> Table:
    """Three columns: figure, verdict, lines, trend."""
    column = (WIDTH - 12) / 3
    cells: list[list[Flowable]] = []
    charts: list[Flowable] = []
    for card in words.cards(facts):
        lines = [
            [
                _text(f'{line.zh} <font color="{GREY}">{escape(line.en)}</font>', 6.8),
                _text(escape(line.text), 6.8, "#A33B00" if line.is_late else "#222222", right=True),
            ]
            for line in card.lines
        ]
        table = Table(lines, colWidths=[(column - 10) * 0.58, (column - 10) * 0.42])
        table.setStyle(
            TableStyle(
                [("PADDING", (0, 0), (-1, -1), 0.6), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
            )
        )
        chart = drawing.trend(facts.kpis[card.name], facts.trend[card.name], configured())
        chart.scale((column - 10) / drawing.WIDTH, (column - 10) / drawing.WIDTH)
        chart.width, chart.height = column - 10, drawing.HEIGHT * (column - 10) / drawing.WIDTH
        cells.append(
            [
                _text(f'{card.zh} <font color="{GREY}" size="7">{card.en}</font>', 10),
                _text(card.value, 17, BLUE),
                _text(f"{card.sign} {card.verdict_zh} {card.verdict_en}", 8),
                table,
            ]
        )
        charts.append(chart)
    whole = Table([cells, charts], colWidths=[column] * len(KPIS))
    whole.setStyle(
        TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOX", (0, 0), (-1, -1), 0.5, RULE),
                    ("LINEAFTER", (0, 0), (-2, -1), 0.5, RULE), ("LINEABOVE", (0, 0), (-1, 0), 2, HexColor(BLUE)),
                    ("PADDING", (0, 0), (-1, -1), 4)])
    )  # fmt: skip
    return whole


def _section(heading: str, note: str, body: Flowable | None) -> list[Flowable]:
    head = _text(f'<font size="9.5">{heading}</font>' + (f'　<font color="{GREY}">{escape(note)}</font>' if note else ""), 7)
    return [Spacer(1, 7), head, Spacer(1, 2), *([body] if body is not None else [])]


def _table(header: list[str], rows: list[list[Any]], widths: list[float], right: set[int]) -> Table:
    """Rows of text; `widths` are shares of the page."""
    lines = [[_text(escape(name), 7, GREY, right=i in right) for i, name in enumerate(header)]]
    lines += [[_text(escape(str(cell)), 7.5, right=i in right) for i, cell in enumerate(row)] for row in rows]
    table = Table(lines, colWidths=[(WIDTH - 12) * share for share in widths])
    table.setStyle(
        TableStyle([("LINEBELOW", (0, 0), (-1, 0), 0.6, HexColor("#999999")), ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
                    ("PADDING", (0, 0), (-1, -1), 1.5), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    )  # fmt: skip
    return table


def _stations(facts: Facts) -> Flowable:
    if not facts.stations:
        return _text(words.no_stations(facts), 7, GREY)
    rows = [
        [
            row["unit_id"], words.number(row["percent"], unit="%"), row["judged_household_days"],
            f"{words.number(row['interval_low_percent'])}–{words.number(row['interval_high_percent'])}",
            words.number(row["coverage_percent"], unit="%"), words.number(row["to_date_percent"], unit="%"),
            words.station_cases(row),
        ]
        for row in facts.stations
    ]  # fmt: skip
    header = ["换热站 station", "合格率 compliance", "户日 n", "95% 区间 interval", "覆盖率 coverage", "累计 to date", "投诉 cases"]
    return _table(header, rows, [0.22, 0.14, 0.1, 0.16, 0.14, 0.14, 0.1], set(range(1, 7)))


def _overdue(facts: Facts) -> Flowable | None:
    rows = [
        [
            r["ticket_no"],
            words.category(r),
            r["station_id"] or "-",
            words.number(r["limit_hours"], 0),
            words.number(r["overdue_hours"], 0),
        ]
        for r in facts.overdue.rows
    ]
    header = ["工单 case", "类别 category", "换热站 station", "时限 limit, h", "超时 overdue, h"]
    return _table(header, rows, [0.3, 0.2, 0.22, 0.13, 0.15], {3, 4}) if rows else None


def _warnings(facts: Facts) -> Flowable | None:
    rows = [
        [r["system_id"], words.WARNINGS.get(r["warning"], r["warning"]), r["lasting_days"],
         f"{r['evidence_zh']}{r['what_to_do_zh']} {r['evidence']} {r['what_to_do']}"]
        for r in facts.warnings.rows
    ]  # fmt: skip
    header = ["系统 system", "预警 warning", "天数 days", "依据与处理 evidence, what to do"]
    return _table(header, rows, [0.14, 0.15, 0.08, 0.63], {2}) if rows else None


def _feeds(facts: Facts) -> Flowable:
    if not facts.light.feeds:
        return _text("本日没有契约规定行数的数据源 No feed owes rows for this day.", 7, GREY)
    rows = [
        [f["feed"], words.number(f["expected_rows"], 0), words.number(f["came_rows"], 0) if f["came_rows"] else "未到 none",
         words.number(f["completeness_percent"], unit="%"), f["owner"]]
        for f in facts.light.feeds[:6]
    ]  # fmt: skip
    header = ["数据源 feed", "应到 owed rows", "到达 came", "完整率 complete", "责任方 owner"]
    return _table(header, rows, [0.22, 0.15, 0.15, 0.15, 0.33], {1, 2, 3})


def _quarantine(facts: Facts) -> str:
    light = facts.light
    waiting = f"隔离区 quarantine: {light.open_rows:,} 行待处理 rows wait, {light.overdue_rows:,} 行逾期 too long"
    return waiting + (f"（截至 as of {light.quarantine_as_of}）" if light.quarantine_as_of else "")
