-- How the place's own time limits were kept, each under its own name: by day and for the season to date. The three rates of
-- service_timeliness are those of one place's reports; a place with other rules has its answers here. A day on which the lines it
-- is for are not known has no figure, and the season to date is that of its known days.
{%- set counted = ['tickets', 'in_time', 'late', 'still_open', 'not_judged'] %}
with daily as (
    select
        s.season,
        d.heating_date as service_date,
        s.unit_kind,
        s.unit_id,
        s.limit_code,
        d.season_day,
        l.measured_to,
        l.limit_value,
        l.limit_unit,
        1 as days,
        cast(coalesce(k.call_days @> d.heating_date, false) as int) as days_known,
        {% for name in counted -%}
        case when k.call_days @> d.heating_date then coalesce(c.{{ name }}, 0) end as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from (select distinct season, unit_kind, unit_id, limit_code from {{ ref('int_service_limit_day') }}) as s
    inner join {{ ref('int_season_day') }} as d on s.season = d.season
    left join {{ ref('int_time_limit') }} as l on s.limit_code = l.limit_code and d.heating_date = l.heating_date
    left join {{ ref('int_service_known') }} as k on coalesce(l.line, 'all') = k.line
    left join {{ ref('int_service_limit_day') }} as c
        on d.heating_date = c.service_date and s.unit_kind = c.unit_kind and s.unit_id = c.unit_id and s.limit_code = c.limit_code
),

every_period as (
    select *, 'day' as period from daily
    union all
    select
        season,
        service_date,
        unit_kind,
        unit_id,
        limit_code,
        season_day,
        measured_to,
        limit_value,
        limit_unit,
        season_day as days,
        sum(days_known) over to_date as days_known,
        {% for name in counted -%}
        cast(sum({{ name }}) over to_date as bigint) as {{ name }},
        {% endfor -%}
        'to_date' as period
    from daily
    window to_date as (partition by season, unit_kind, unit_id, limit_code order by service_date)
)

select
    p.season,
    p.service_date,
    p.period,
    p.unit_kind,
    p.unit_id,
    p.limit_code,
    p.measured_to,
    p.limit_value,
    p.limit_unit,
    cast(p.days as int) as days,
    cast(p.days_known as int) as days_known,
    {% for name in counted -%}
    cast(p.{{ name }} as int) as {{ name }},
    {% endfor -%}
    {{ percent('p.in_time', '(p.in_time + p.late)') }} as in_time_percent
from every_period as p
