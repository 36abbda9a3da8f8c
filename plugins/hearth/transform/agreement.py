"""Figures that stand in two candidate marts are the same figure: each pair is compared before anything is published.

A query gives one row a pair: the place, the value here and the value there. Two values agree when both are empty or differ by
less than the rounding of double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

TOLERANCE = "1e-9 * greatest(1, abs(pair.one), abs(pair.other))"

_KPI = """
select concat_ws(' ', k.season, heating_date, unit_kind, unit_id, v.name) as place, v.one, v.other
from (select * from candidate.season_kpi where kpi = '{kpi}') as k
full join (select season, {day} as heating_date, unit_kind, unit_id, {value} as value, {numerator} as numerator,
    {denominator} as denominator from candidate.{mart} where {among}
    and (season, {day}) in (select season, heating_date from candidate.season_kpi)) as m
    using (season, heating_date, unit_kind, unit_id)
cross join lateral (
    values ('value', k.value::float8, m.value::float8), ('numerator', k.numerator::float8, m.numerator::float8),
    ('denominator', k.denominator::float8, m.denominator::float8)
) as v (name, one, other)
"""

_TO_DATE = """
select concat_ws(' ', season, heating_date, unit_kind, unit_id, {keys}, v.name) as place, v.one, v.other
from (select season, heating_date, unit_kind, unit_id, {keys}, sum({first}) over w as first, sum({second}) over w as second
    from candidate.{mart} where period = 'day'
    window w as (partition by season, unit_kind, unit_id, {keys} order by heating_date)) as d
full join (select season, heating_date, unit_kind, unit_id, {keys}, {first}, {second} from candidate.{mart}
    where period = 'to_date') as t using (season, heating_date, unit_kind, unit_id, {keys})
cross join lateral (
    values ('{first}', d.first::float8, t.{first}::float8), ('{second}', d.second::float8, t.{second}::float8)
) as v (name, one, other)
"""

_PARTS = """
select concat_ws(' ', season, {day}, part.unit_kind, 'beyond the company') as place,
    greatest(sum(part.{figure}) - max(company.{figure}), 0)::float8 as one, 0::float8 as other
from candidate.{mart} as part join candidate.{mart} as company using (season, {day}, {keys})
where company.unit_kind = 'company' and part.unit_kind in ('branch', 'station') and {among}
group by season, {day}, part.unit_kind, {keys}
"""

AGREEMENTS = {
    "season_kpi with room_compliance": _KPI.format(
        kpi="room_compliance_percent", mart="room_compliance", day="heating_date", value="percent",
        numerator="complying_household_days", denominator="judged_household_days",
        among="period = 'to_date' and point_kind = 'all'",
    ),
    "season_kpi with complaint_rate": _KPI.format(
        kpi="complaints_per_10000_households", mart="complaint_rate", day="heating_date", value="per_10000_households",
        numerator="cases", denominator="served_households", among="period = 'to_date' and line = 'all' and category = 'all'",
    ),
    "season_kpi with renewal_progress": _KPI.format(
        kpi="renewal_progress_percent", mart="renewal_progress", day="progress_date", value="percent",
        numerator="renewed_within_plan_m", denominator="planned_length_m", among="work_type = 'renewal' and network_level = 'all'",
    ),
    "room_compliance to date with its days": _TO_DATE.format(
        mart="room_compliance", keys="point_kind", first="judged_household_days", second="complying_household_days"
    ),
    "complaint_rate to date with its days": _TO_DATE.format(
        mart="complaint_rate", keys="line, category", first="cases", second="tickets"
    ),
    "units of room_compliance with the company": _PARTS.format(
        mart="room_compliance", day="heating_date", keys="period, point_kind", figure="judged_household_days",
        among="period = 'day'",
    ),
    "units of complaint_rate with the company": _PARTS.format(
        mart="complaint_rate", day="heating_date", keys="period, line, category", figure="cases", among="period = 'day'"
    ),
    "service_timeliness with complaint_rate": """
select concat_ws(' ', c.season, c.heating_date, c.period, c.unit_kind, c.unit_id, c.line, c.category) as place,
    s.complaint_cases::float8 as one, (c.cases + c.enterprise_cases)::float8 as other
from candidate.complaint_rate as c join candidate.service_timeliness as s on s.season = c.season and s.service_date = c.heating_date
    and (s.period, s.unit_kind, s.unit_id, s.line, s.category) = (c.period, c.unit_kind, c.unit_id, c.line, c.category)
""",
    "service_timeliness with ticket_reclassification": """
select concat_ws(' ', s.season, s.service_date, v.name) as place, v.one::float8 as one, v.other::float8 as other
from candidate.service_timeliness as s
left join (select reclassified_date, count(*) filter (where from_kind = 'complaint') as gone,
    count(*) filter (where to_kind = 'complaint') as come from candidate.ticket_reclassification group by reclassified_date) as r
    on r.reclassified_date = s.service_date
cross join lateral (values ('from complaint', s.reclassified_from_complaint, coalesce(r.gone, 0)),
    ('to complaint', s.reclassified_to_complaint, coalesce(r.come, 0))) as v (name, one, other)
where s.period = 'day' and s.days_known = 1 and s.unit_kind = 'company' and s.line = 'all' and s.category = 'all'
""",
    "service_timeliness with service_limit": """
select concat_ws(' ', s.service_date, s.period, s.unit_kind, s.unit_id, v.name) as place, v.one::float8 as one,
    v.other::float8 as other
from candidate.service_timeliness as s
left join candidate.service_limit as l on (l.service_date, l.period, l.unit_kind, l.unit_id)
    = (s.service_date, s.period, s.unit_kind, s.unit_id) and l.limit_code = 'repair_handled'
cross join lateral (values ('judged', s.repairs_judged, coalesce(l.in_time + l.late, 0)),
    ('in time', s.repairs_in_time, coalesce(l.in_time, 0))) as v (name, one, other)
where s.line = 'all' and s.category = 'all' and s.days_known > 0
""",
    "extreme_weather with room_compliance and complaint_rate": """
select concat_ws(' ', x.heating_date, v.name) as place, v.one, v.other
from candidate.extreme_weather as x
left join candidate.room_compliance as d on d.season = x.season and d.heating_date = x.heating_date and d.period = 'day'
    and d.unit_kind = 'company' and d.point_kind = 'all'
left join candidate.room_compliance as t on t.season = x.season and t.heating_date = x.heating_date and t.period = 'to_date'
    and t.unit_kind = 'company' and t.point_kind = 'all'
left join candidate.complaint_rate as c on c.season = x.season and c.heating_date = x.heating_date and c.period = 'day'
    and c.unit_kind = 'company' and c.line = 'all' and c.category = 'all'
cross join lateral (
    values ('percent', x.percent::float8, d.percent::float8), ('percent_to_date', x.percent_to_date::float8, t.percent::float8),
    ('cases', x.cases::float8, c.cases::float8)
) as v (name, one, other)
""",
    "pipe_register_summary with pipe_register_change": """
select concat_ws(' ', s.feed, s.export_date, v.kind) as place, v.segments::float8 as one,
    (select count(*) from candidate.pipe_register_change as c
     where c.feed = s.feed and c.exported_at = s.exported_at and c.change_kind = v.kind)::float8 as other
from candidate.pipe_register_summary as s
cross join lateral (values ('added', added_segments), ('removed', removed_segments), ('changed', changed_segments),
    ('missing', missing_segments), ('returned', returned_segments), ('unknown', unknown_segments)) as v (kind, segments)
where s.network_level = 'all' and s.breakdown = 'all' and v.segments is not null
""",
}  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """One agreement: how many pairs were compared, how many differ, and the first of those in words."""

    name: str
    pairs: int
    differing: int
    examples: list[str]


def compare(connection: psycopg.Connection) -> list[Compared]:
    """Every agreement, asked of the candidate marts."""
    found = []
    for name, query in AGREEMENTS.items():
        row = connection.execute(
            "select count(*), count(*) filter (where differs),"
            " (array_agg(format('%s: %s and %s', place, coalesce(one::text, 'empty'), coalesce(other::text, 'empty'))"
            " order by place) filter (where differs))[1:3]"
            f" from (select *, (one is null) <> (other is null) or coalesce(abs(one - other) > {TOLERANCE}, false) as differs"
            f" from ({query}) as pair) as judged"
        ).fetchone()
        assert row is not None
        found.append(Compared(name, row[0], row[1], row[2] or []))
    return found
