"""What trying a contract on a sample found, in words for whoever writes the contract."""

from __future__ import annotations

import unicodedata
from typing import Any

from hearth.contracts.contract import Contract, Mapping
from hearth.intake.dry_run import Trial

WIDEST = 28
"""Columns of the terminal for one value; longer texts are cut."""


def trial_text(contract: Contract, sample: str, trial: Trial) -> str:
    """The counts, the reasons, the first accepted rows as they would be loaded, and rejected ones as they came."""
    read, accepted, rejected = trial.rows_read, trial.rows_accepted, trial.rows_rejected
    lines = [f"{sample} by contract {contract.feed}: {read} rows, {accepted} accepted, {rejected} rejected"]
    if trial.arrived_at is not None:
        lines.append(f"  taken as delivered at {trial.arrived_at:%Y-%m-%dT%H:%M:%SZ}; --arrived says another time")
    lines.append(f"  {trial.gate}")
    lines += [f"  {reason}: {number}" for reason, number in trial.reasons.most_common()]
    lines += [f"  left out of accepted rows: {name}: {reason}: {number}" for (name, reason), number in trial.left_out.most_common()]
    lines += [f"  look: {remark}" for remark in trial.remarks]
    if trial.rows:
        lines += ["Accepted, for example, as they would be loaded:", *_accepted(contract, trial)]
    return "\n".join(lines + (["Rejected, for example:", *(f"  {text}" for text in trial.examples)] if trial.examples else []))


def _accepted(contract: Contract, trial: Trial) -> list[str]:
    """A line for each canonical column that is filled by the contract, with the source column it comes from at the end."""
    origins = _origins(contract)
    table = [["record", *trial.places, ""]]
    table += [[name, *(_shown(row[name]) for row in trial.rows), origins[name]] for name in trial.rows[0] if name in origins]
    widths = [max(map(_width, column)) for column in list(zip(*table, strict=True))[:-1]]
    lines = ["  " + "  ".join([*map(_padded, row, widths), row[-1]]).rstrip() for row in table]
    empty = [name for name in trial.rows[0] if name not in origins]
    return lines + ([f"  not mapped, empty in every row: {', '.join(empty)}"] if empty else [])


def _origins(contract: Contract) -> dict[str, str]:
    """Stored column -> what fills it."""
    named = contract.entity_definition.columns_by_name
    found = {"arrived_at": "the delivery" if contract.arrival == "file" else _origin(contract.arrival)}
    for name, mapping in contract.columns.items():
        hashed = "; no load has these hashes" if named[name].personal else ""
        found[named[name].stored_name] = _origin(mapping) + hashed
    if contract.version:
        found["source_version"] = repr(contract.version)
    if contract.unnest:
        found[contract.unnest.time] = ", ".join(_origin(mapping) for mapping in contract.unnest.base)
    if "created_at" in contract.columns:
        found["created_time_known"] = "created_at"
    return found


def _origin(mapping: Mapping) -> str:
    if mapping.from_ is None:
        return "constant"
    both = f"{mapping.from_!r} and {mapping.time_from!r}" if mapping.time_from else repr(mapping.from_)
    return f"{both} in {mapping.unit}" if mapping.unit else both


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.10g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    while _width(text) > WIDEST:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def _width(text: str) -> int:
    """Chinese signs are as wide as two letters."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
