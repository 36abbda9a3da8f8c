{%- set counted = ['cases', 'enterprise_cases', 'tickets', 'user_fault_cases'] %}
-- Complaint cases per served home, by day and for the season to date. Every unit has a row for every season day, so that a
-- day without complaints is a zero and not a gap; lines and categories apart are given for the company and its branches.
with season_day as (
    select season, heating_date, season_day, previous_season
    from {{ ref('int_season_day') }}
),

complaint as (
    select * from {{ ref('int_complaint_case') }} where season is not null
),

unit as (
    select
        season,
        unit_kind,
        unit_id,
        bool_or(is_known) as is_served_known
    from (
        select distinct season, unit_kind, unit_id, served_households is not null as is_known
        from {{ ref('int_served_unit_day') }}
        union all
        select distinct season, 'company', 'company', false
        from season_day
        union all
        select distinct c.season, u.unit_kind, u.unit_id, false
        from complaint as c
        cross join lateral (
            values ('branch', c.branch_id), ('station', c.station_id), ('community', c.community_id)
        ) as u (unit_kind, unit_id)
        where u.unit_id is not null
    ) as every_unit
    group by season, unit_kind, unit_id
),

kind_of_case as (
    select l.line, k.category
    from (select distinct line from complaint union all select 'all') as l
    cross join (select distinct category from complaint union all select 'all') as k
),

-- What is counted apart, numbered, so that the many rows below are matched by a number.
series as (
    select
        *,
        cast(dense_rank() over (order by unit_kind, unit_id, line, category) as int) as series_no
    from (
        select season, unit_kind, unit_id, 'all' as line, 'all' as category
        from unit
        union all
        select u.season, u.unit_kind, u.unit_id, k.line, k.category
        from unit as u
        inner join kind_of_case as k on k.line <> 'all' or k.category <> 'all'
        where u.unit_kind in ('company', 'branch')
    ) as every_series
),

day_count as (
    select
        c.case_date as heating_date,
        s.series_no,
        cast(count(*) filter (where c.customer_kind <> 'enterprise') as int) as cases,
        cast(count(*) filter (where c.customer_kind = 'enterprise') as int) as enterprise_cases,
        cast(coalesce(sum(c.tickets) filter (where c.customer_kind <> 'enterprise'), 0) as int) as tickets,
        cast(count(*) filter (where c.customer_kind <> 'enterprise' and c.is_user_fault) as int) as user_fault_cases
    from complaint as c
    cross join lateral (
        values
        ('company', 'company'), ('branch', c.branch_id), ('station', c.station_id), ('community', c.community_id)
    ) as u (unit_kind, unit_id)
    cross join lateral (values ('all'), (c.line)) as l (line)
    cross join lateral (values ('all'), (c.category)) as k (category)
    inner join series as s
        on c.season = s.season and u.unit_kind = s.unit_kind and u.unit_id = s.unit_id
        and l.line = s.line and k.category = s.category
    group by c.case_date, s.series_no
),

-- Homes and area of the unit: that day, and their mean over the days of the season so far.
served as materialized (
    select
        d.season,
        d.heating_date,
        d.season_day,
        d.previous_season,
        u.unit_kind,
        u.unit_id,
        case when u.is_served_known then coalesce(s.served_households, 0) end as homes,
        case when u.is_served_known then sum(cast(coalesce(s.served_households, 0) as int)) over so_far end as home_days,
        s.heated_area_m2 as area_m2,
        sum(s.heated_area_m2) over so_far / d.season_day as mean_area_m2
    from season_day as d
    inner join unit as u on d.season = u.season
    left join {{ ref('int_served_unit_day') }} as s
        on d.heating_date = s.heating_date and u.unit_kind = s.unit_kind and u.unit_id = s.unit_id
    window so_far as (partition by u.season, u.unit_kind, u.unit_id order by d.heating_date)
),

running as materialized (
    select
        s.season,
        s.heating_date,
        s.season_day,
        s.previous_season,
        s.unit_kind,
        s.unit_id,
        k.line,
        k.category,
        k.series_no,
        s.homes,
        s.home_days,
        s.area_m2,
        s.mean_area_m2,
        {%- for name in counted %}
        coalesce(c.{{ name }}, 0) as {{ name }},
        sum(coalesce(c.{{ name }}, 0)) over so_far as {{ name }}_to_date{{ ',' if not loop.last }}
        {%- endfor %}
    from served as s
    inner join series as k on s.season = k.season and s.unit_kind = k.unit_kind and s.unit_id = k.unit_id
    left join day_count as c on s.heating_date = c.heating_date and k.series_no = c.series_no
    window so_far as (
        partition by s.season, k.series_no order by s.heating_date rows between unbounded preceding and current row
    )
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
    from running as r
    left join running as b
        on r.previous_season = b.season and r.season_day = b.season_day and r.series_no = b.series_no
    cross join lateral (
        values
        (
            'day', 1, r.homes, r.area_m2, b.cases, b.homes
            {%- for name in counted %},
            r.{{ name }}
            {%- endfor %}
        ),
        (
            'to_date', r.season_day, r.home_days, r.mean_area_m2, b.cases_to_date, b.home_days
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
