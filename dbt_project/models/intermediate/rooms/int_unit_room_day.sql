{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- Counts of household-days, point-days and readings by unit and kind of point: everything of room compliance that can be
-- added up over days.
with household as (
    select
        season,
        heating_date,
        point_kind,
        branch_id,
        station_id,
        community_id,
        1 as judged_household_days,
        case when complies then 1 else 0 end as complying_household_days,
        case when is_comfortable then 1 else 0 end as comfort_household_days,
        0 as readings,
        0 as readings_ok,
        0 as judged_point_days,
        0 as complying_point_days
    from {{ ref('int_household_day') }}
    where {{ in_ranges('heating_date', ranges) }}
),

point as (
    select
        p.season,
        p.heating_date,
        k.point_kind,
        p.branch_id,
        p.station_id,
        p.community_id,
        0,
        0,
        0,
        p.readings,
        p.readings_ok,
        case when p.is_judged then 1 else 0 end,
        case when p.complies then 1 else 0 end
    from {{ ref('int_point_day') }} as p
    cross join lateral (values ('all'), (p.point_kind)) as k (point_kind)
    where
        p.customer_kind = 'resident'
        and p.standard_degc is not null
        and p.judged_reason not in ('out_of_season', 'point_not_in_use')
        and {{ in_ranges('p.heating_date', ranges) }}
),

both_parts as (
    select * from household
    union all
    select * from point
),

by_unit as (
    select
        season,
        heating_date,
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
        point_kind,
        cast(sum(judged_household_days) as int) as judged_household_days,
        cast(sum(complying_household_days) as int) as complying_household_days,
        cast(sum(comfort_household_days) as int) as comfort_household_days,
        cast(sum(readings) as int) as readings,
        cast(sum(readings_ok) as int) as readings_ok,
        cast(sum(judged_point_days) as int) as judged_point_days,
        cast(sum(complying_point_days) as int) as complying_point_days
    from both_parts
    group by grouping sets (
        (season, heating_date, point_kind),
        (season, heating_date, point_kind, branch_id),
        (season, heating_date, point_kind, station_id),
        (season, heating_date, point_kind, community_id)
    )
)

select *
from by_unit
where unit_id is not null
