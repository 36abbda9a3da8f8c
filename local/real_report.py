"""Tables of what the run on real files found, for a person to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def is_whole(figures: Mapping[str, Any]) -> bool:
    """Every part of the data left figures, and no row got lost."""
    parts = (figures["rooms"], figures["flats"], figures["tickets"], figures["pipes"]["exports"])
    kept = all(
        feed["rows_read"] == feed["rows_loaded"] + feed["rows_quarantined"] + feed["rows_duplicate"] and feed["rows_read"]
        for feed in figures["feeds"]
    )
    return all(parts) and kept


def show(console: Console, figures: Mapping[str, Any], target: Path) -> None:
    """Print everything, ending with where the services are."""
    console.print()
    for table in (
        _rooms(figures),
        _flats(figures),
        _boroughs(figures),
        _exports(figures),
        _feeds(figures),
        _dirt(figures),
    ):
        console.print(table)
    _pages(console, figures)
    console.print(f"{figures['seconds']['total']:.0f} s in all; these facts: {os.path.relpath(target)}", highlight=False)
    if not is_whole(figures):
        console.print("[red]A part of the data left no figures, or rows are not accounted for; see the tables above.[/]")


def _table(title: str, *columns: str, left: int = 1) -> Table:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number < left else "right")
    return table


def _rooms(figures: Mapping[str, Any]) -> Table:
    table = _table("Rooms meeting the standard", "measure", "of", "meet it", "percent", "note", left=1)
    room = figures["rooms"]
    low, high = room["interval_low_percent"], room["interval_high_percent"]
    readings, days = room["readings"], room["judged_household_days"]
    table.add_row("readings >= 18 degC", _whole(readings), _whole(room["readings_ok"]), _percent(room["readings_percent"]))
    table.add_row(
        f"household-days >= 18 degC, season {room['season']}", _whole(days), _whole(room["complying_household_days"]),
        _percent(room["percent"]), f"95 % interval {low:.2f} to {high:.2f}; {room['measured_households']} homes",
    )  # fmt: skip
    for rule in figures["own_rule"]:
        name = {"day": "06-22 h", "night": "22-06 h"}.get(rule["period"], "all hours")
        note = f"not judged: {rule['warm_outdoors']} warm outdoors, {rule['outdoors_unknown']} outdoors unknown"
        percent = _percent(None if rule["share"] is None else 100 * rule["share"])
        table.add_row(
            f"readings, New York's own rule, {name}",
            _whole(rule["readings"]),
            _whole(rule["readings_ok"]),
            percent,
            note,
        )
    return table


def _flats(figures: Mapping[str, Any]) -> Table:
    table = _table(
        "Flats, the coldest first", "flat", "borough", "readings", "share >= 18 degC", "days judged", "days met",
        "days with too few readings", "excluded as stuck", left=2,
    )  # fmt: skip
    for flat in figures["flats"]:
        numbers = [_whole(flat[name]) for name in ("judged_days", "complying_days", "days_too_few_readings")]
        share, readings = f"{flat['share']:.4f}", _whole(flat["readings"])
        table.add_row(flat["flat"], flat["borough"], readings, share, *numbers, _whole(flat["readings_stuck"]))
    return table


def _boroughs(figures: Mapping[str, Any]) -> Table:
    table = _table(
        "Heating tickets of one winter day", "borough", "tickets", "cases", "addresses", "still open", "households",
        "cases per 10,000 households",
    )  # fmt: skip
    for row in figures["tickets"]:
        name = "all" if row["is_total"] else row["borough"]
        rate = row["per_10000_households"]
        table.add_row(
            name, _whole(row["tickets"]), _whole(row["cases"]), _whole(row["addresses"]), _whole(row["open_tickets"]),
            _whole(row["served_households"]), "null" if rate is None else f"{rate:.4f}",
        )  # fmt: skip
    return table


def _exports(figures: Mapping[str, Any]) -> Table:
    pipes = figures["pipes"]
    table = _table("Pipe register, export by export", "what", "segments", "km")
    for number, export in enumerate(pipes["exports"], 1):
        table.add_row(f"export {number}, {export['exported_at'][:10]}", _whole(export["segments"]), f"{export['km']:.4f}")
    for change in pipes["changes"]:
        table.add_row("added", _whole(change["added"]), f"{change['added_km']:+.4f}")
        table.add_row("gone", _whole(change["gone"]), f"{-change['gone_km']:+.4f}")
        table.add_row("of changed length", _whole(change["changed"]), f"{change['changed_km']:+.4f}")
    renewal = pipes["renewal"]
    table.add_row("renewed (nothing says which pipe replaced which)", "", _number(renewal["renewed_km"]))
    table.add_row("percent of the plan (there is no plan)", "", _number(renewal["percent"]))
    for material, length in list(pipes["materials_km"].items())[:5]:
        table.add_row(f"newest export, {material}", "", f"{length:.4f}")
    return table


def _feeds(figures: Mapping[str, Any]) -> Table:
    table = _table("Rows by feed", "feed", "read", "loaded", "duplicate", "quarantined", "reasons")
    for feed in figures["feeds"]:
        reasons = ", ".join(f"{reason} {n}" for reason, n in feed["quarantined_by_reason"].items())
        numbers = [_whole(feed[f"rows_{name}"]) for name in ("read", "loaded", "duplicate", "quarantined")]
        table.add_row(feed["feed"], *numbers, reasons)
    return table


def _dirt(figures: Mapping[str, Any]) -> Table:
    dirt = figures["dirt"]
    keys = dirt["keys_that_change"]
    table = _table("Dirt in the files", "what", "how many", "what became of it", left=1)
    for what, number, fate in (
        ("outdoor days that cannot be", dirt["impossible_outdoor_days"], "quarantined, out_of_range"),
        ("ticket closed before it was created", dirt["tickets_closed_before_created"], "quarantined"),
        ("tickets stamped midnight", dirt["tickets_stamped_midnight"], "loaded; their time counts as not known"),
        ("of them about heating", dirt["heating_tickets_stamped_midnight"], "loaded; their time counts as not known"),
        ("segments whose GlobalID is new in export 2", keys["GlobalID"], "not used; the key is WATMAINID"),
        ("segments whose OBJECTID is new in export 2", keys["OBJECTID"], "not used; the key is WATMAINID"),
        ("readings of 85 degF", dirt["readings_at_85_degf"], "loaded: a warm room, no error code here"),
    ):
        table.add_row(what, _whole(number), fate)
    return table


def _pages(console: Console, figures: Mapping[str, Any]) -> None:
    table = _table("Pages", "page", "address", "login", left=3)
    for page in figures["pages"]:
        table.add_row(page["name"], page["url"], page["login"] or "none needed")
    console.print(table)


def _whole(number: float | None) -> str:
    return "null" if number is None else f"{number:,.0f}"


def _number(number: float | None) -> str:
    return "null" if number is None else f"{number:.4f}"


def _percent(number: float | None) -> str:
    return "null" if number is None else f"{number:.4f}"
