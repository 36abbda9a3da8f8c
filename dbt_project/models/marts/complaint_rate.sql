{%- set counted = ['cases', 'enterprise_cases', 'tickets', 'user_fault_cases'] %}
-- Complaint cases per served home, by day and for the season to date. A home with suspended heating that complains is a served
-- one on that day. Every unit has a row for every season day, so that a
-- day without complaints is a zero and not a gap; lines and categories apart are given for the company and its branches. Before
-- the first day tickets were asked for nothing is known: no zero, and no figure to date for a season that began before it.
with series_day as (
    select
        d.season,
        d.heating_date,
        d.season_day,
        d.previous_season,
        k.unit_kind,
        k.unit_id,
        k.line,
        k.category,
        k.series_no,
        case when k.is_served_known then cast(coalesce(s.served_households, 0) + coalesce(a.homes, 0) as int) end as homes,
        case
            when k.is_served_known and s.unit_id is null then a.heated_area_m2
            else s.heated_area_m2 + coalesce(a.heated_area_m2, 0)
        end as area_m2,
        {%- for name in counted %}
        case when d.tickets_known then coalesce(c.{{ name }}, 0) end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_season_day') }} as d
    inner join {{ ref('int_complaint_series') }} as k on d.season = k.season
    left join {{ ref('int_served_unit_day') }} as s
        on d.heating_date = s.heating_date and k.unit_kind = s.unit_kind and k.unit_id = s.unit_id
    left join {{ ref('int_complaint_suspended_day') }} as a
        on d.heating_date = a.heating_date and k.unit_kind = a.unit_kind and k.unit_id = a.unit_id
    left join {{ ref('int_complaint_series_day') }} as c
        on d.heating_date = c.heating_date and k.series_no = c.series_no
),

-- Homes and area are means over the days of the season so far: a home that came in March counts for a few days only.
running as (
    select
        *,
        sum(homes) over so_far as home_days,
        sum(area_m2) over so_far / season_day as mean_area_m2,
        {%- for name in counted %}
        case when count(cases) over so_far = season_day then sum({{ name }}) over so_far end as {{ name }}_to_date{{ ',' if not loop.last }}
        {%- endfor %}
    from series_day
    window so_far as (
        partition by series_no, season order by heating_date rows between unbounded preceding and current row
    )
),

-- The season before at the same number of season days, if it is there.
compared as (
    select
        r.*,
        {%- for name in ['cases', 'homes', 'cases_to_date', 'home_days'] %}
        case when lag(r.season) over same_day = r.previous_season then lag(r.{{ name }}) over same_day end as previous_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from running as r
    window same_day as (partition by r.series_no, r.season_day order by r.heating_date)
),

rated as (
    select
        r.season,
        r.heating_date,
        r.season_day,
        p.period,
        r.unit_kind,
        r.unit_id,
        r.line,
        r.category,
        {%- for name in counted %}
        cast(p.{{ name }} as int) as {{ name }},
        {%- endfor %}
        cast(cast(p.home_days as numeric) / p.days as numeric(30, 12)) as served_households,
        p.area_m2 as heated_area_m2,
        {{ per_10000('p.cases * p.days', 'p.home_days') }} as per_10000_households,
        {{ per_10000('p.cases', 'p.area_m2') }} as per_10000_m2,
        cast(p.previous_cases as int) as previous_cases,
        {{ per_10000('p.previous_cases * p.days', 'p.previous_home_days') }} as previous_per_10000_households
    from compared as r
    cross join lateral (
        values
        (
            'day', 1, r.homes, r.area_m2, r.previous_cases, r.previous_homes
            {%- for name in counted %},
            r.{{ name }}
            {%- endfor %}
        ),
        (
            'to_date', r.season_day, r.home_days, r.mean_area_m2, r.previous_cases_to_date, r.previous_home_days
            {%- for name in counted %},
            r.{{ name }}_to_date
            {%- endfor %}
        )
    ) as p (period, days, home_days, area_m2, previous_cases, previous_home_days, {{ counted | join(', ') }})
)

select
    r.season,
    r.heating_date,
    cast(r.season_day as int) as season_day,
    r.period,
    r.unit_kind,
    r.unit_id,
    r.line,
    r.category,
    r.cases,
    r.enterprise_cases,
    r.tickets,
    r.user_fault_cases,
    {{ percent('r.user_fault_cases', 'r.cases') }} as user_fault_percent,
    r.served_households,
    r.heated_area_m2,
    r.per_10000_households / 100 as per_100_households,
    r.per_10000_households / 10 as per_1000_households,
    r.per_10000_households,
    r.per_10000_m2,
    r.previous_cases,
    r.previous_per_10000_households,
    100 * (r.per_10000_households / nullif(r.previous_per_10000_households, 0) - 1) as change_percent
from rated as r
