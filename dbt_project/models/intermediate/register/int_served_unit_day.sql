{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['register']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- Active, not suspended resident homes and their heated area, by unit and season day: the denominators. Where a place keeps
-- no register, the dated rows of the seed served_household stand in for it.
with step as (
    select
        case
            when grouping(branch_id) = 0 then 'branch'
            when grouping(station_id) = 0 then 'station'
            when grouping(community_id) = 0 then 'community'
            else 'company'
        end as unit_kind,
        case
            when grouping(branch_id) = 0 then branch_id
            when grouping(station_id) = 0 then station_id
            when grouping(community_id) = 0 then community_id
            else 'company'
        end as unit_id,
        heating_date,
        sum(homes) as homes,
        sum(area_dm2) as area_dm2
    from {{ ref('int_served_change') }}
    group by grouping sets (
        (heating_date), (branch_id, heating_date), (station_id, heating_date), (community_id, heating_date)
    )
),

known_from as (
    select
        unit_kind,
        unit_id,
        heating_date,
        sum(homes) over unit as homes,
        sum(area_dm2) over unit as area_dm2,
        coalesce(lead(heating_date) over unit - 1, {{ forever() }}) as to_date
    from step
    where unit_id is not null
    window unit as (partition by unit_kind, unit_id order by heating_date)
),

counted as (
    select
        d.season,
        d.heating_date,
        k.unit_kind,
        k.unit_id,
        cast(k.homes as bigint) as served_households,
        cast(k.area_dm2 as double precision) / 100 as heated_area_m2
    from known_from as k
    inner join {{ ref('int_season_day') }} as d on d.heating_date between k.heating_date and k.to_date
    where {{ in_ranges('d.heating_date', ranges) }}
),

declared as (
    select
        d.season,
        d.heating_date,
        s.unit_kind,
        s.unit_id,
        cast(s.served_households as bigint) as served_households,
        s.heated_area_m2
    from {{ ref('stg_served_household') }} as s
    inner join {{ ref('int_season_day') }} as d on d.heating_date between s.valid_from and s.valid_to
    where {{ in_ranges('d.heating_date', ranges) }}
)

select
    coalesce(s.season, c.season) as season,
    coalesce(s.heating_date, c.heating_date) as heating_date,
    coalesce(s.unit_kind, c.unit_kind) as unit_kind,
    coalesce(s.unit_id, c.unit_id) as unit_id,
    case when s.unit_id is null then c.served_households else s.served_households end as served_households,
    case when s.unit_id is null then c.heated_area_m2 else s.heated_area_m2 end as heated_area_m2
from counted as c
full outer join declared as s
    on c.heating_date = s.heating_date and c.unit_kind = s.unit_kind and c.unit_id = s.unit_id
