{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['register']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- Active, not suspended resident homes of each stratum on each season day; strata without any have no row.
with step as (
    select branch_id, station_id, network_position, flat_position, heating_date, sum(homes) as homes
    from {{ ref('int_served_change') }}
    group by branch_id, station_id, network_position, flat_position, heating_date
),

known_from as (
    select
        *,
        sum(homes) over stratum as served_households,
        coalesce(lead(heating_date) over stratum - 1, {{ forever() }}) as to_date
    from step
    window stratum as (partition by branch_id, station_id, network_position, flat_position order by heating_date)
)

select
    d.season,
    d.heating_date,
    k.branch_id,
    k.station_id,
    k.network_position,
    k.flat_position,
    cast(k.served_households as int) as served_households
from known_from as k
inner join {{ ref('int_season_day') }} as d on d.heating_date between k.heating_date and k.to_date
where k.served_households > 0 and {{ in_ranges('d.heating_date', ranges) }}
