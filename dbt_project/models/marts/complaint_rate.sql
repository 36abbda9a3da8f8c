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
    select 'all' as line, 'all' as category
    union
    select l.line, k.category
    from (select distinct line from complaint union all select 'all') as l
    cross join (select distinct category from complaint union all select 'all') as k
),

day_count as (
    select
        c.season,
        c.case_date as heating_date,
        u.unit_kind,
        u.unit_id,
        l.line,
        k.category,
        count(*) filter (where c.customer_kind <> 'enterprise') as cases,
        count(*) filter (where c.customer_kind = 'enterprise') as enterprise_cases,
        coalesce(sum(c.tickets) filter (where c.customer_kind <> 'enterprise'), 0) as tickets,
        count(*) filter (where c.customer_kind <> 'enterprise' and c.is_user_fault) as user_fault_cases
    from complaint as c
    cross join lateral (
        values
        ('company', 'company'), ('branch', c.branch_id), ('station', c.station_id), ('community', c.community_id)
    ) as u (unit_kind, unit_id)
    cross join lateral (values ('all'), (c.line)) as l (line)
    cross join lateral (values ('all'), (c.category)) as k (category)
    where
        u.unit_id is not null
        and (u.unit_kind in ('company', 'branch') or (l.line = 'all' and k.category = 'all'))
    group by c.season, c.case_date, u.unit_kind, u.unit_id, l.line, k.category
),

-- Homes and area of the unit: that day, and their mean over the days of the season so far.
served as (
    select
        d.season,
        d.heating_date,
        d.season_day,
        d.previous_season,
        u.unit_kind,
        u.unit_id,
        case when u.is_served_known then coalesce(s.served_households, 0) end as homes,
        case when u.is_served_known then sum(coalesce(s.served_households, 0)) over so_far / d.season_day end as mean_homes,
        s.heated_area_m2 as area_m2,
        sum(cast(s.heated_area_m2 as numeric)) over so_far / d.season_day as mean_area_m2
    from season_day as d
    inner join unit as u on d.season = u.season
    left join {{ ref('int_served_unit_day') }} as s
        on d.heating_date = s.heating_date and u.unit_kind = s.unit_kind and u.unit_id = s.unit_id
    window so_far as (partition by u.season, u.unit_kind, u.unit_id order by d.heating_date)
),

running as (
    select
        s.season,
        s.heating_date,
        s.season_day,
        s.previous_season,
        s.unit_kind,
        s.unit_id,
        k.line,
        k.category,
        s.homes,
        s.mean_homes,
        s.area_m2,
        s.mean_area_m2,
        {%- for name in counted %}
        coalesce(c.{{ name }}, 0) as {{ name }},
        sum(coalesce(c.{{ name }}, 0)) over so_far as {{ name }}_to_date{{ ',' if not loop.last }}
        {%- endfor %}
    from served as s
    inner join kind_of_case as k
        on s.unit_kind in ('company', 'branch') or (k.line = 'all' and k.category = 'all')
    left join day_count as c
        on s.heating_date = c.heating_date
        and s.unit_kind = c.unit_kind and s.unit_id = c.unit_id
        and k.line = c.line and k.category = c.category
    window so_far as (
        partition by s.season, s.unit_kind, s.unit_id, k.line, k.category order by s.heating_date
        rows between unbounded preceding and current row
    )
),

rated as materialized (
    select
        r.season,
        r.heating_date,
        r.season_day,
        r.previous_season,
        p.period,
        r.unit_kind,
        r.unit_id,
        r.line,
        r.category,
        {%- for name in counted %}
        cast(p.{{ name }} as int) as {{ name }},
        {%- endfor %}
        cast(p.homes as numeric(30, 12)) as served_households,
        cast(p.area_m2 as double precision) as heated_area_m2,
        10000 * cast(p.cases as double precision) / cast(nullif(p.homes, 0) as double precision) as per_10000_households,
        10000 * cast(p.cases as double precision) / nullif(p.area_m2, 0) as per_10000_m2
    from running as r
    cross join lateral (
        values
        (
            'day', r.homes, r.area_m2
            {%- for name in counted %},
            r.{{ name }}
            {%- endfor %}
        ),
        (
            'to_date', r.mean_homes, r.mean_area_m2
            {%- for name in counted %},
            r.{{ name }}_to_date
            {%- endfor %}
        )
    ) as p (period, homes, area_m2, {{ counted | join(', ') }})
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
    b.cases as previous_cases,
    b.per_10000_households as previous_per_10000_households,
    100 * (r.per_10000_households / nullif(b.per_10000_households, 0) - 1) as change_percent
from rated as r
left join rated as b
    on r.previous_season = b.season and r.season_day = b.season_day and r.period = b.period
    and r.unit_kind = b.unit_kind and r.unit_id = b.unit_id
    and r.line = b.line and r.category = b.category
