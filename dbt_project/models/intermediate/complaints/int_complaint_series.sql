-- What complaints are counted for, season by season: every unit, and for the company and its branches also each line and
-- category that occurs. Numbered, so that the many rows made of them are matched by a number.
with complaint as (
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
        from {{ ref('int_season_day') }}
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

every_series as (
    select season, unit_kind, unit_id, 'all' as line, 'all' as category, is_served_known
    from unit
    union all
    select u.season, u.unit_kind, u.unit_id, k.line, k.category, u.is_served_known
    from unit as u
    inner join kind_of_case as k on k.line <> 'all' or k.category <> 'all'
    where u.unit_kind in ('company', 'branch')
)

select
    season,
    cast(dense_rank() over (order by unit_kind, unit_id, line, category) as int) as series_no,
    unit_kind,
    unit_id,
    line,
    category,
    -- Whether anybody says how many homes the unit serves; if so, a day without a number is a day without homes.
    is_served_known
from every_series
