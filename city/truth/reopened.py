"""Tickets opened again: solved and closed are what they were for the last time, and nothing while they are open."""

from __future__ import annotations

import pandas as pd

from city.tickets import CLOSED, RETURNED


def last_solutions(rows: pd.DataFrame) -> pd.DataFrame:
    """By number of each ticket that was ever opened again: reopenings, solved_s and closed_s (-1 where there is none)."""
    ordered = rows.sort_values(["ticket_no", "version", "arrival_s"], kind="stable")
    found = {str(number): _lived(versions) for number, versions in ordered.groupby("ticket_no") if len(versions) > 1}
    again = {number: lived for number, lived in found.items() if lived[0]}
    return pd.DataFrame.from_dict(again, orient="index", columns=["reopenings", "solved_s", "closed_s"])


def _lived(versions: pd.DataFrame) -> tuple[int, int, int]:
    """Walk from state to state; what a ticket says of its solution counts only if it did not say so before it was opened again."""
    reopenings, solved, closed, told = 0, -1, -1, (-1, -1)
    over = False
    seen: list[tuple[int, int]] = []
    columns = (versions[name].tolist() for name in ("status", "solved_s", "closed_s", "arrival_s"))
    for status, solved_s, closed_s, arrival_s in zip(*columns, strict=True):
        if over and status not in (CLOSED, RETURNED):
            reopenings += 1
            told = (max(s for s, _ in seen), max(c for _, c in seen))
            solved = closed = -1
        elif status == CLOSED:
            solved = solved_s if solved_s > told[0] else -1
            closed = closed_s if closed_s > told[1] else (closed if over else arrival_s)
        over = status == CLOSED
        seen.append((solved_s, closed_s))
    return reopenings, solved, closed
