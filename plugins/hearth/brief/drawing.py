"""The season's trend of a KPI as one drawing: SVG for the page, vectors for the PDF.

Told apart without colour as well: this season is a thick line, the season before a dashed one, the target a thin one with its name.
"""

from __future__ import annotations

import html
import math
import re

from reportlab.graphics import renderSVG
from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing, Line, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from hearth.brief.facts import Kpi
from hearth.brief.fonts import Fonts

WIDTH, HEIGHT, SIZE = 250.0, 140.0, 8.0
NOW, BEFORE, TARGET, INK, GRID = (HexColor(code) for code in ("#0072B2", "#6B6B6B", "#D55E00", "#333333", "#DDDDDD"))
"""Blue, grey and vermilion of Okabe and Ito's palette: apart for every kind of colour blindness."""

Points = list[tuple[int, float]]


def trend(kpi: Kpi, seasons: dict[str, Points], fonts: Fonts) -> Drawing:
    """Chart of one KPI over the season's days. `seasons`: code -> [(season day, value)], the newest last."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawn = [(code, points) for code, points in sorted(seasons.items()) if points]
    if not drawn:
        _say(drawing, WIDTH / 2 + 30, HEIGHT / 2, "无数据 no data", fonts, INK, at_end=True)
        return drawing
    plot = _plot([points for _, points in drawn], kpi.target, fonts)
    drawing.add(plot)
    newest = len(drawn) - 1
    for index, _ in enumerate(drawn):
        _style(plot, index, NOW if index == newest else BEFORE, is_now=index == newest)
    if kpi.target is not None:
        _target(drawing, plot, kpi.target, drawn[newest][1][-1][1], fonts)
    _legend(drawing, [code for code, _ in drawn], fonts)
    _say(drawing, plot.x + plot.width, 1, "供暖日 season day", fonts, INK, at_end=True)
    return drawing


def _target(drawing: Drawing, plot: LinePlot, target: float, last: float, fonts: Fonts) -> None:
    """The target's line and name; the name stands where the season's line is not."""
    low, high = plot.yValueAxis.valueMin, plot.yValueAxis.valueMax
    height = plot.y + plot.height * (target - low) / (high - low)
    end = plot.x + plot.width
    drawing.add(Line(plot.x, height, end, height, strokeColor=TARGET, strokeWidth=0.8, strokeDashArray=[1, 2]))
    below = last >= target or height > plot.y + plot.height - SIZE
    _say(drawing, end, height - SIZE if below else height + 2, f"目标 target {target:g}", fonts, TARGET, at_end=True)


def _say(drawing: Drawing, x: float, y: float, text: str, fonts: Fonts, colour: Color, *, at_end: bool = False) -> None:
    """Words in the drawing, each stretch in the font that has its letters; `at_end`: they end at x."""
    runs = fonts.runs(text)
    if at_end and len(runs) == 1:
        drawing.add(String(x, y, text, fontName=runs[0][0], fontSize=SIZE, textAnchor="end", fillColor=colour))
        return
    at = x - sum(stringWidth(piece, font, SIZE) for font, piece in runs) if at_end else x
    for font, piece in runs:
        drawing.add(String(at, y, piece, fontName=font, fontSize=SIZE, fillColor=colour))
        at += stringWidth(piece, font, SIZE)


def _plot(data: list[Points], target: float | None, fonts: Fonts) -> LinePlot:
    values = [value for points in data for _, value in points] + ([target] if target is not None else [])
    low, high, step = _nice_range(min(values), max(values))
    plot = LinePlot()
    plot.x, plot.y, plot.width, plot.height = 26, 26, WIDTH - 34, HEIGHT - 44
    plot.data = [[(float(day), value) for day, value in points] for points in data]
    plot.joinedLines = True
    x, y = plot.xValueAxis, plot.yValueAxis
    last = max(day for points in data for day, _ in points)
    x.valueMin, x.valueMax, x.valueStep = 0, max(30, math.ceil(last / 30) * 30), 30
    y.valueMin, y.valueMax, y.valueStep = low, high, step
    y.visibleGrid, y.gridStrokeColor, y.gridStrokeWidth = True, GRID, 0.5
    for axis in (x, y):
        axis.strokeColor, axis.labels.fontName, axis.labels.fontSize, axis.labels.fillColor = INK, fonts.latin, SIZE, INK
        axis.strokeWidth = 0.5
    x.labelTextFormat, y.labelTextFormat = "%d", "%g"
    return plot


def _style(plot: LinePlot, index: int, colour: Color, *, is_now: bool) -> None:
    line = plot.lines[index]
    line.strokeColor, line.strokeWidth, line.symbol = colour, (2 if is_now else 1), None
    line.strokeDashArray = None if is_now else [4, 3]


def _legend(drawing: Drawing, codes: list[str], fonts: Fonts) -> None:
    at, height = 26.0, HEIGHT - 9
    for index, code in enumerate(reversed(codes)):
        colour, width, dash = (NOW, 2, None) if index == 0 else (BEFORE, 1, [4, 3])
        drawing.add(Line(at, height + 3, at + 16, height + 3, strokeColor=colour, strokeWidth=width, strokeDashArray=dash))
        _say(drawing, at + 20, height, f"{'本季 this' if index == 0 else '上季 last'} {code}", fonts, INK)
        at += 112


def _nice_range(low: float, high: float) -> tuple[float, float, float]:
    """Round ends of the axis around the values, and its step: 1, 2 or 5 times a power of ten."""
    span = max(high - low, abs(high) * 0.02, 1.0)
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def svg(drawing: Drawing, name: str, words: str) -> str:
    """The drawing as SVG to stand inside a page: ids under `name`, `words` for who cannot see it, the page's own font."""
    text = renderSVG.drawToString(drawing)
    text = text[text.index("<svg") :]
    text = re.sub(r"font-family:[^;\"']*", "font-family: inherit", text)
    text = text.replace('id="', f'id="{name}-').replace("url(#", f"url(#{name}-")
    text = re.sub(r"<(title|desc)>.*?</\1>|<(title|desc)\s*/>", "", text, flags=re.DOTALL)
    return text.replace("<svg", f'<svg role="img" aria-label="{html.escape(words, quote=True)}"', 1)
