"""Progress of every programme of the year's works as of each report: the newest row of each project so far, summed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import Season
from city.truth.observed import Observed
from city.works.projects import MERGE, PLACE, PUMP, REPAIR

_PROGRAMMES = {REPAIR: "major_repair", PLACE: "renovation_place", PUMP: "pump_station", MERGE: "boiler_merging"}


def works_progress(observed: Observed, works: pd.DataFrame) -> pd.DataFrame:
    """One row a season, programme, report and unit."""
    works = works.assign(
        programme=works["programme"].map(_PROGRAMMES),
        finished=works["completed"].where(works["completed"] >= 0),
        plan_dm=works["length_dm"].where(works["length_dm"] > 0),
        made_dm=works["done_dm"].where(works["length_dm"] > 0),
        boiler=works["boilers"].where(works["length_dm"] > 0),
        money=works["budget"] * 100.0,
        paid=works["spent"] * 100.0,
    )
    pipes = _pipes(observed)
    parts = []
    for frame in (works, pipes):
        for (season, programme), mine in frame.groupby(["season", "programme"]):
            of_season = next(s for s in observed.seasons if s.code == season)
            parts += _reports(mine, of_season, str(programme))
    return pd.DataFrame(parts)


def _pipes(observed: Observed) -> pd.DataFrame:
    """The pipe programme's log in the same columns; a project is finished when its plan was reached, from the first such row."""
    log = observed.renewal.sort_values("arrival_s", kind="stable").drop_duplicates(["project_id", "day"], keep="last")
    days = {season: np.array(sorted(set(mine["day"]))) for season, mine in log.groupby("season")}
    log = log[log["work_type"].isin(["renewal", "new_build"])].sort_values("day")
    reached = log["day"].where((log["planned_dm"] > 0) & (log["renewed_dm"] >= log["planned_dm"]))
    first = reached.groupby(log["project_id"]).cummin()
    first = first.groupby(log["project_id"]).ffill()
    return log.assign(
        programme=log["work_type"],
        finished=first.where((log["planned_dm"] > 0) & (log["renewed_dm"] >= log["planned_dm"])),
        planned_end=log["end"],
        plan_dm=log["planned_dm"].where(log["planned_dm"] > 0),
        made_dm=log["renewed_dm"],
        boiler=np.nan,
        money=(log["budget"] * 10_000).where(log["planned_dm"] > 0),
        paid=log["spent"] * 10_000,
        report_days=log["season"].map(days),
    )


def _reports(mine: pd.DataFrame, season: Season, programme: str) -> list[dict[str, object]]:
    mine = mine.sort_values(["project_id", "day"], kind="stable")
    days = mine["report_days"].iloc[0] if "report_days" in mine else np.array(sorted(set(mine["day"])))
    rows: list[dict[str, object]] = []
    for day in days.tolist():
        newest = mine[mine["day"] <= day].drop_duplicates("project_id", keep="last")
        units = [("company", "company", newest), *(("branch", str(b), g) for b, g in newest.groupby("branch_id"))]
        rows += [
            {
                "season": season.code,
                "programme": programme,
                "day": day,
                "unit_kind": kind,
                "unit_id": key,
                **_sums(part, day, season),
            }
            for kind, key, part in units
            if len(part)
        ]
    return rows


def _total(values: pd.Series) -> float | None:
    return None if values.isna().all() else float(values.sum())


def _sums(part: pd.DataFrame, day: int, season: Season) -> dict[str, object]:
    done = part["finished"].notna()
    plan, made = _total(part["plan_dm"]), _total(part["made_dm"])
    merged = part["boiler"].notna().any()
    removed = part[done]
    return {
        "items": len(part),
        "items_finished": int(done.sum()),
        "items_late": int(((part["planned_end"] < day) & ~done).sum()),
        "items_finished_before_season": int((part["finished"] < season.first_day).sum()),
        "planned_length_m": None if plan is None else plan / 10,
        "done_length_m": None if made is None else made / 10,
        "length_percent": 100 * made / plan if plan and made is not None else None,
        "budget_cny": _total(part["money"]),
        "spent_cny": _total(part["paid"]),
        "boilers": part["boiler"].sum() if merged else None,
        "boilers_removed": removed["boiler"].sum() if merged else None,
        "boiler_capacity_t": part["tenths_t"].sum() / 10 if merged else None,
        "heated_area_m2": part["area"].sum() if merged else None,
        "households_connected": removed["households"].sum() if merged else None,
    }
