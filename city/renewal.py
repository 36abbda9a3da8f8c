"""The summer programmes of network renewal, as weekly logs: 56 km planned for 2016-17 at full scale, 41 km for 2015-16.

Lengths are trench lengths and grow with the city's scale. New build and the pipe laid to merge boiler rooms stand in
the same log and are never renewal; one renewal project has no plan, one lays more than was planned, and the plan of one is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from city.calendar import SEASONS, Window, day_number, iso_days, local_s
from city.network import Network
from city.streams import Streams, affordable, pick_distinct

RENEWAL, NEW_BUILD, MERGING = "改造", "新建", "并网"
_LEVELS = ("二次网", "一次网")
# Planned metres at full scale by season and work type, and the number of projects.
_PROGRAMME = {
    ("2015-16", RENEWAL): (41_000, 46),
    ("2015-16", NEW_BUILD): (5_200, 4),
    ("2016-17", RENEWAL): (56_000, 70),
    ("2016-17", NEW_BUILD): (7_500, 5),
    ("2016-17", MERGING): (6_200, 6),
}
# Share of the projects that are finished in time, and of the whole plan that is renewed in the end.
_FINISHED = {"2015-16": (0.5, 0.912), "2016-17": (0.7, 0.968)}
# Share of the stations where a programme digs.
_STATIONS_DUG = 0.35
_SHARES = {
    "renewal_exceeds_plan": 0.004,
    "unreadable_value": 0.003,
    "missing_value": 0.003,
    "out_of_range": 0.001,
    "time_after_arrival": 0.002,
    "unreadable_time": 0.001,
    "conflicting_duplicate": 0.002,
    "duplicate": 0.004,
}


@dataclass(frozen=True)
class Project:
    """One project of a season's programme; lengths in decimetres so that sums are exact."""

    project_id: str
    name: str
    season: str
    branch: int
    station: int  # -1 for the primary network
    level: str
    work_type: str
    planned_dm: int  # 0 when there is no plan
    final_dm: int
    start: int
    planned_end: int
    real_end: int
    cost_per_m: float  # 10,000 CNY
    cut_day: int = 0  # from this day on the plan is `cut_dm`; 0: it stays
    cut_dm: int = 0

    def plan_dm(self, day: int) -> int:
        return self.cut_dm if self.cut_day and day >= self.cut_day else self.planned_dm


def plan_projects(network: Network, streams: Streams) -> list[Project]:
    """All projects of both programmes; the last station is kept for the project without a plan."""
    projects: list[Project] = []
    for (season, work_type), (metres, count) in _PROGRAMME.items():
        rng = streams.rng("renewal", season, work_type)
        number = network.size.some(count, 6 if work_type == RENEWAL else 1)
        lengths = _lengths(rng, round(metres * network.size.scale * 10), number)
        done = _shares_done(rng, season, lengths) if work_type == RENEWAL else np.ones(number)
        sites = rng.permutation(network.size.stations - 1)[: max(2, round(_STATIONS_DUG * network.size.stations))]
        for dm, share in zip(lengths.tolist(), done.tolist(), strict=True):
            projects.append(_project(network, rng, season, work_type, dm, share, int(rng.choice(sites)), len(projects) + 1))
    _revise(projects, streams.rng("renewal", "revised"))
    rng = streams.rng("renewal", "unplanned")
    last = network.size.stations - 1
    base = _project(network, rng, "2016-17", RENEWAL, round(900 * network.size.scale * 10), 1.0, last, len(projects) + 1)
    projects.append(
        Project(
            **{
                **base.__dict__,
                "planned_dm": 0,
                "station": last,
                "branch": int(network.station_branch[last]),
                "level": _LEVELS[0],
            }
        )
    )
    return projects


def _revise(projects: list[Project], rng: np.random.Generator) -> None:
    """Of the second programme one project overshoots its plan by a fifth, and the plan of another one is halved in August."""
    mine = [i for i, p in enumerate(projects) if (p.season, p.work_type) == ("2016-17", RENEWAL)]
    over, cut = rng.choice(mine, 2, replace=False).tolist()
    projects[over] = replace(projects[over], final_dm=projects[over].planned_dm * 6 // 5)
    projects[cut] = replace(projects[cut], cut_day=day_number(date(2016, 8, 15)), cut_dm=projects[cut].planned_dm // 2)


def _lengths(rng: np.random.Generator, total_dm: int, number: int) -> np.ndarray:
    """Lengths that add up to the total exactly."""
    weight = rng.lognormal(0, 0.5, number)
    lengths = np.floor(total_dm * weight / weight.sum()).astype(int)
    lengths[0] += total_dm - lengths.sum()
    return lengths


def _shares_done(rng: np.random.Generator, season: str, lengths: np.ndarray) -> np.ndarray:
    """How far each project comes, so that the programme as a whole ends at its share."""
    finished, whole = _FINISHED[season]
    missing = np.where(rng.random(len(lengths)) < finished, 0.0, rng.uniform(0.1, 1.0, len(lengths)))
    missing[rng.permutation(len(lengths))[:2]] = 0.5
    return 1 - np.minimum(0.7, missing * (1 - whole) * lengths.sum() / (missing * lengths).sum())


def _project(
    network: Network,
    rng: np.random.Generator,
    season: str,
    work_type: str,
    dm: int,
    done: float,
    station: int,
    number: int,
) -> Project:
    year = int(season[:4])
    primary = rng.random() < 0.25
    start = day_number(date(year, 5, 4)) + int(rng.integers(0, 60))
    planned_end = min(start + int(rng.integers(40, 120)), day_number(date(year, 10, 10)))
    real_end = min(planned_end + int(rng.integers(-8, 22)), day_number(date(year, 11, 10)))
    return Project(
        project_id=f"XM{year}-{number:03d}",
        name=f"{year}年第{number}号管网工程",
        season=season,
        branch=int(network.station_branch[station]),
        station=-1 if primary else station,
        level=_LEVELS[primary],
        work_type=work_type,
        planned_dm=dm,
        final_dm=round(dm * done),
        start=start,
        planned_end=planned_end,
        real_end=real_end,
        cost_per_m=float(rng.uniform(0.12, 0.35)),
    )


def renewed_stations(projects: list[Project], network: Network) -> np.ndarray:
    """Stations whose secondary network is renewed before the second season."""
    season = SEASONS[1].code
    mine = {p.station for p in projects if p.season == season and p.work_type == RENEWAL and p.station >= 0}
    return np.array(sorted(mine), dtype=int)


def renewal_log(projects: list[Project], network: Network, streams: Streams, window: Window) -> pd.DataFrame:
    """Rows of the weekly files as they are written, one row a project and week, defects planted and labelled."""
    rows = []
    for year in (2015, 2016):
        first = day_number(date(year, 5, 1))
        first += (4 - first) % 7  # day 4 of the epoch was a Monday
        mine = [p for p in projects if p.season.startswith(str(year))]
        for day in range(first, day_number(date(year, 11, 17)), 7):
            for project in mine:
                share = np.clip((day - project.start) / max(project.real_end - project.start, 1), 0, 1)
                rows.append((project, day, int(project.final_dm * (3 * share**2 - 2 * share**3))))
    frame = pd.DataFrame(
        {
            "project_id": [p.project_id for p, _, _ in rows],
            "project_name": [p.name for p, _, _ in rows],
            "season": [p.season for p, _, _ in rows],
            "branch_id": [network.branch_ids[p.branch] for p, _, _ in rows],
            "station_id": [network.station_ids[p.station] if p.station >= 0 else "" for p, _, _ in rows],
            "level": [p.level for p, _, _ in rows],
            "work_type": [p.work_type for p, _, _ in rows],
            "planned_dm": [p.plan_dm(day) for p, day, _ in rows],
            "renewed_dm": [dm for _, _, dm in rows],
            "budget": [round(p.planned_dm / 10 * p.cost_per_m, 2) for p, _, _ in rows],
            "spent": [round(dm / 10 * p.cost_per_m * 1.03, 2) for p, _, dm in rows],
            "start": [p.start for p, _, _ in rows],
            "end": [p.planned_end for p, _, _ in rows],
            "day": [d for _, d, _ in rows],
            "stage": ["完工" if dm >= p.plan_dm(day) > 0 else "未开工" if dm == 0 else "施工中" for p, day, dm in rows],
        }
    )
    frame["arrival_s"] = [local_s(d, 18) for d in frame["day"]]
    frame["again"] = False
    frame = frame[window.holds(frame["arrival_s"].to_numpy())].reset_index(drop=True)
    if frame.empty:
        return _texts(frame)
    return _send_again(_plant(_texts(frame), streams.rng("renewal", "defects")), window)


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """What stands in the cells: length done and day of the report, beside the labels."""
    return frame.assign(
        renewed_text=[f"{dm / 10:.1f}" for dm in frame["renewed_dm"]],
        day_text=iso_days(frame["day"].to_numpy()) if len(frame) else "",
        reason="",
        duplicate=False,
    )


def _plant(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Spoil rows of running projects, one defect each."""
    running = np.flatnonzero(((frame["renewed_dm"] > 0) & (frame["planned_dm"] > 0)).to_numpy())
    picks = pick_distinct(rng, running, affordable(rng, _SHARES, len(frame)))
    for kind in picks:
        if kind != "duplicate":
            frame.loc[picks[kind], "reason"] = kind
    more = frame.loc[picks["renewal_exceeds_plan"], "planned_dm"] * 10 + 50  # a decimal point forgotten
    frame.loc[picks["renewal_exceeds_plan"], "renewed_text"] = [f"{dm / 10:.1f}" for dm in more]
    frame.loc[picks["unreadable_value"], "renewed_text"] = "暂无"
    frame.loc[picks["missing_value"], "renewed_text"] = ""
    frame.loc[picks["out_of_range"], "renewed_text"] = "8000001"
    ahead = frame.loc[picks["time_after_arrival"], "day"].to_numpy() + 366
    frame.loc[picks["time_after_arrival"], "day_text"] = iso_days(ahead)
    frame.loc[picks["unreadable_time"], "day_text"] = "2016-02-30"
    pair = frame.loc[picks["conflicting_duplicate"]]
    other = pair.assign(renewed_text=[f"{dm // 2 / 10:.1f}" for dm in pair["renewed_dm"]])
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    return (
        pd.concat([frame, other, again], ignore_index=True)
        .sort_values(["arrival_s", "project_id"], kind="stable")
        .reset_index(drop=True)
    )


def _send_again(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """In each summer one file comes once more, two days later, under another name."""
    copies = [frame]
    risky = set(frame.loc[frame["reason"] == "time_after_arrival", "arrival_s"])
    for year in ("2015-16", "2016-17"):
        arrivals = sorted(set(frame.loc[frame["season"] == year, "arrival_s"]) - risky)
        if len(arrivals) > 8:
            chosen = arrivals[len(arrivals) * 2 // 3]
            later = chosen + 2 * 86_400 - 8 * 3600
            if later < window.end_s:
                copies.append(frame[frame["arrival_s"] == chosen].assign(arrival_s=later, again=True))
    return pd.concat(copies, ignore_index=True)
