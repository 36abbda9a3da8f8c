"""Pipe-renewal progress 管网改造进度: projects and the rows of their log."""

from __future__ import annotations

from typing import Any

import psycopg

from hearth.trace.origin import origin, refused
from hearth.trace.published import Published
from hearth.trace.steps import Step

_PROJECTS = "p.season = %(season)s and p.progress_date = %(day)s and p.work_type = 'renewal'"


def steps(connection: psycopg.Connection, published: Published) -> list[Step]:
    target, values = published.target, published.target.parameters
    belongs = target.belongs if target.belongs == "true" else f"p.{target.belongs}"
    rows = connection.execute(
        "select p.project_id, p.as_of_date, p.planned_length_m, p.renewed_length_m, p.renewed_within_plan_m"
        f" from intermediate.int_renewal_project_day p where {_PROJECTS} and p.network_level is not null and {belongs} order by 1",
        values,
    ).fetchall()
    planned, within = _total(rows, 2), _total(rows, 4)
    project_step = Step(
        "Projects 改造项目",
        "intermediate.int_renewal_project_day",
        "Each renewal project of the season's programme with its newest log row so far; lengths in metres of trench."
        " Metres beyond the plan of a project, or without one, fill no plan.",
        {
            "projects": len(rows),
            "planned m": planned,
            "renewed m": sum(r[3] or 0 for r in rows),
            "renewed within the plan m": within,
        },
        header=("project", "log row of", "planned m", "renewed m", "within the plan m"),
        rows=[tuple(r) for r in rows],
    )
    project_step.check("renewed within the plan = numerator", within, published.numerator)
    project_step.check("planned length = denominator", planned, published.denominator)
    connection.execute(
        "create temp table traced on commit drop as"
        " select s.feed, s.batch_id, s.file_id, s.position, r.sub_position from intermediate.int_renewal_project_day p"
        " join staging.stg_renewal_progress s on p.season = s.season and p.project_id = s.project_id"
        " and p.as_of_date = s.progress_date join raw.renewal_progress r on r.project_id = s.project_id"
        " and r.progress_date = s.progress_date and r.batch_id = s.batch_id and r.file_id = s.file_id and r.position = s.position"
        f" where {_PROJECTS} and p.network_level is not null and {belongs}",
        values,
    )
    logged = connection.execute("select count(*) from traced").fetchone()
    assert logged is not None
    log_step = Step(
        "Rows of the log 进度日志",
        "staging.stg_renewal_progress",
        "The newest row of each project's log on that day; lengths in it are cumulative.",
        {"log rows": logged[0]},
    )
    log_step.check("log rows = projects", logged[0], len(rows))
    return [
        project_step,
        log_step,
        *origin(connection, "renewal_progress", len(rows)),
        refused(connection, "renewal_progress", published.season_start, target.day),
    ]


def _total(rows: list[tuple], column: int) -> Any:
    """The sum of what is known; None where nothing is, as in SQL."""
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known) if known else None
