-- How the place's own time limits were kept, each under its own name: by day and for the season to date. The three rates of
-- service_timeliness are those of one place's reports; a place with other rules has its answers here.
with daily as (
    select
        s.season,
        d.heating_date as service_date,
        s.unit_kind,
        s.unit_id,
        s.limit_code,
        {% for name in ['tickets', 'in_time', 'late', 'still_open', 'not_judged'] -%}
        coalesce(c.{{ name }}, 0) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from (select distinct season, unit_kind, unit_id, limit_code from {{ ref('int_service_limit_day') }}) as s
    inner join {{ ref('int_season_day') }} as d on s.season = d.season
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
        {% for name in ['tickets', 'in_time', 'late', 'still_open', 'not_judged'] -%}
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
    l.measured_to,
    l.limit_value,
    l.limit_unit,
    {% for name in ['tickets', 'in_time', 'late', 'still_open', 'not_judged'] -%}
    cast(p.{{ name }} as int) as {{ name }},
    {% endfor -%}
    {{ percent('p.in_time', '(p.in_time + p.late)') }} as in_time_percent
from every_period as p
left join {{ ref('int_time_limit') }} as l on p.limit_code = l.limit_code and p.service_date = l.heating_date
