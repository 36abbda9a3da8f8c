{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room', 'weather', 'register']},
    pre_hook="{{ delete_to_date() }}"
) }}
{%- set ranges = to_date_ranges() %}
{%- set added = [
    'judged_household_days', 'complying_household_days', 'normal_judged_household_days', 'normal_complying_household_days',
    'comfort_household_days', 'newly_measured_households', 'readings', 'readings_ok', 'judged_point_days',
    'complying_point_days',
] %}
-- To-date figures go on from the last day before the first one that is built again.
with season_day as (
    select season, heating_date, season_day
    from {{ ref('int_season_day') }}
    where {{ in_ranges('heating_date', ranges) }}
),

{% if is_incremental() -%}
since as (
    select season, min(heating_date) - 1 as base_date
    from season_day
    group by season
),

{% endif -%}
counted as (
    select
        u.season,
        u.heating_date,
        u.unit_kind,
        u.unit_id,
        u.point_kind,
        u.judged_household_days,
        u.complying_household_days,
        case when o.is_below_design then 0 else u.judged_household_days end as normal_judged_household_days,
        case when o.is_below_design then 0 else u.complying_household_days end as normal_complying_household_days,
        u.comfort_household_days,
        coalesce(f.newly_measured_households, 0) as newly_measured_households,
        u.readings,
        u.readings_ok,
        u.judged_point_days,
        u.complying_point_days
    from {{ ref('int_unit_room_day') }} as u
    left join {{ ref('int_outdoor_day') }} as o on u.heating_date = o.heating_date
    left join {{ ref('int_household_first_measured') }} as f
        on u.season = f.season and u.heating_date = f.heating_date
        and u.unit_kind = f.unit_kind and u.unit_id = f.unit_id and u.point_kind = f.point_kind
    where {{ in_ranges('u.heating_date', ranges) }}
),

base as (
    {% if is_incremental() -%}
    select
        t.season, t.unit_kind, t.unit_id, t.point_kind,
        t.judged_household_days,
        t.complying_household_days,
        t.judged_household_days_normal_weather as normal_judged_household_days,
        t.complying_household_days_normal_weather as normal_complying_household_days,
        t.comfort_household_days,
        t.measured_households as newly_measured_households,
        t.readings,
        t.readings_ok,
        t.judged_point_days,
        t.complying_point_days
    from {{ this }} as t
    inner join since as s on t.season = s.season and t.heating_date = s.base_date
    where t.period = 'to_date'
    {%- else -%}
    select season, unit_kind, unit_id, point_kind, {{ added | join(', ') }}
    from counted
    where false
    {%- endif %}
),

begun as (
    select c.season, c.unit_kind, c.unit_id, c.point_kind, min(c.heating_date) as first_date
    from counted as c
    where c.judged_household_days > 0
    group by c.season, c.unit_kind, c.unit_id, c.point_kind
),

{% if is_incremental() -%}
-- Few or none; made before it is joined, because the planner cannot know that.
newly_begun as materialized (
    select g.season, g.unit_kind, g.unit_id, g.point_kind
    from begun as g
    where not exists (
        select from base as b
        where b.season = g.season and b.unit_kind = g.unit_kind and b.unit_id = g.unit_id and b.point_kind = g.point_kind
    )
),

{% endif -%}
-- Readings of a unit that came before its first judged day and before the days built now.
before_begun as (
    {% if is_incremental() -%}
    select
        u.season, u.unit_kind, u.unit_id, u.point_kind,
        sum(u.readings) as readings,
        sum(u.readings_ok) as readings_ok
    from {{ ref('int_unit_room_day') }} as u
    inner join since as s on u.season = s.season and u.heating_date <= s.base_date
    inner join newly_begun as g
        on u.season = g.season and u.unit_kind = g.unit_kind and u.unit_id = g.unit_id and u.point_kind = g.point_kind
    group by u.season, u.unit_kind, u.unit_id, u.point_kind
    {%- else -%}
    select season, unit_kind, unit_id, point_kind, readings, readings_ok
    from counted
    where false
    {%- endif %}
),

unit as (
    select
        coalesce(g.season, b.season) as season,
        coalesce(g.unit_kind, b.unit_kind) as unit_kind,
        coalesce(g.unit_id, b.unit_id) as unit_id,
        coalesce(g.point_kind, b.point_kind) as point_kind,
        case when b.season is null then g.first_date else {{ always() }} end as first_date,
        {%- for name in added %}
        coalesce(b.{{ name }}, 0) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from begun as g
    full outer join base as b
        on g.season = b.season and g.unit_kind = b.unit_kind and g.unit_id = b.unit_id and g.point_kind = b.point_kind
),

running as (
    select
        d.season,
        d.heating_date,
        d.season_day,
        u.unit_kind,
        u.unit_id,
        u.point_kind,
        u.first_date,
        {%- for name in added %}
        coalesce(c.{{ name }}, 0) as {{ name }},
        u.{{ name }}
        {%- if name in ('readings', 'readings_ok') %} + coalesce(e.{{ name }}, 0){% endif %}
        + sum(coalesce(c.{{ name }}, 0)) over so_far as {{ name }}_to_date{{ ',' if not loop.last }}
        {%- endfor %}
    from unit as u
    inner join season_day as d on u.season = d.season
    left join counted as c
        on d.heating_date = c.heating_date
        and u.unit_kind = c.unit_kind and u.unit_id = c.unit_id and u.point_kind = c.point_kind
    left join before_begun as e
        on u.season = e.season and u.unit_kind = e.unit_kind and u.unit_id = e.unit_id and u.point_kind = e.point_kind
    window so_far as (
        partition by d.season, u.unit_kind, u.unit_id, u.point_kind order by d.heating_date
        rows between unbounded preceding and current row
    )
),

by_period as (
    select
        r.season,
        r.heating_date,
        r.season_day,
        p.period,
        r.unit_kind,
        r.unit_id,
        r.point_kind,
        {%- for name in added %}
        p.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from running as r
    cross join lateral (values
        ('day', {% for name in added %}r.{{ name if name != 'newly_measured_households' else 'judged_household_days' }}{{ ', ' if not loop.last }}{% endfor %}),
        ('to_date', {% for name in added %}r.{{ name }}_to_date{{ ', ' if not loop.last }}{% endfor %})
    ) as p (period, {{ added | join(', ') }})
    where r.heating_date >= r.first_date
)

select
    p.season,
    p.heating_date,
    cast(p.season_day as int) as season_day,
    p.period,
    p.unit_kind,
    p.unit_id,
    p.point_kind,
    cast(p.judged_household_days as int) as judged_household_days,
    cast(p.complying_household_days as int) as complying_household_days,
    {{ percent('p.complying_household_days', 'p.judged_household_days') }} as percent,
    -- The homes of one day are trials; the days of a season are not, because most are days of the same homes.
    case
        when p.period = 'to_date' then i.low_percent
        else {{ wilson_percent('p.complying_household_days', 'p.judged_household_days', 'low') }}
    end as interval_low_percent,
    case
        when p.period = 'to_date' then i.high_percent
        else {{ wilson_percent('p.complying_household_days', 'p.judged_household_days', 'high') }}
    end as interval_high_percent,
    -- One household-day a home and kind: on a day the measured homes are the judged ones.
    cast(p.newly_measured_households as int) as measured_households,
    cast(s.served_households as int) as served_households,
    {{ percent('p.newly_measured_households', 's.served_households') }} as coverage_percent,
    cast(p.normal_judged_household_days as int) as judged_household_days_normal_weather,
    cast(p.normal_complying_household_days as int) as complying_household_days_normal_weather,
    {{ percent('p.normal_complying_household_days', 'p.normal_judged_household_days') }} as percent_normal_weather,
    cast(p.comfort_household_days as int) as comfort_household_days,
    {{ percent('p.comfort_household_days', 'p.judged_household_days') }} as comfort_percent,
    cast(p.judged_point_days as int) as judged_point_days,
    cast(p.complying_point_days as int) as complying_point_days,
    {{ percent('p.complying_point_days', 'p.judged_point_days') }} as point_days_percent,
    cast(p.readings as bigint) as readings,
    cast(p.readings_ok as bigint) as readings_ok,
    {{ percent('p.readings_ok', 'p.readings') }} as readings_percent,
    w.weighted_percent,
    w.weighted_fallback_share,
    w.weighted_visits_only_share
from by_period as p
left join {{ ref('int_served_unit_day') }} as s
    on p.heating_date = s.heating_date and p.unit_kind = s.unit_kind and p.unit_id = s.unit_id
left join {{ ref('int_unit_room_interval') }} as i
    on p.heating_date = i.heating_date
    and p.unit_kind = i.unit_kind and p.unit_id = i.unit_id and p.point_kind = i.point_kind
left join {{ ref('int_weighted_room_day') }} as w
    on p.heating_date = w.heating_date and p.period = w.period
    and p.unit_kind = w.unit_kind and p.unit_id = w.unit_id and p.point_kind = 'all'
