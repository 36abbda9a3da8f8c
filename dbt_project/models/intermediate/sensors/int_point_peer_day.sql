{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- How far each judged point-day lies from its station's others of the same kind and day, as a modified z. Suspect points
-- go to the worklist of field staff; nothing is excluded for it.
with judged as (
    select
        station_id,
        point_kind,
        heating_date,
        point_id,
        value_degc,
        count(*) over (partition by station_id, point_kind, heating_date) as points
    from {{ ref('int_point_day') }}
    where is_judged and station_id is not null and {{ in_ranges('heating_date', ranges) }}
),

peers as (
    select j.*, l.suspect_modified_z
    from judged as j
    inner join {{ ref('int_limit_period') }} as l
        on j.heating_date between l.valid_from and l.valid_to and j.points > l.suspect_min_peers
),

-- The values of a station's points of a day side by side, once, so that the group need not be joined to itself.
station as (
    select
        station_id,
        point_kind,
        heating_date,
        min(points) as points,
        min(suspect_modified_z) as suspect_modified_z,
        percentile_cont(0.5) within group (order by value_degc) as median_degc,
        array_agg(point_id order by point_id) as point_ids,
        array_agg(value_degc order by point_id) as values_degc
    from peers
    group by station_id, point_kind, heating_date
),

spread as (
    select
        s.*,
        (
            select percentile_cont(0.5) within group (order by abs(v.value_degc - s.median_degc))
            from unnest(s.values_degc) as v (value_degc)
        ) as mad_degc
    from station as s
)

select
    s.heating_date,
    p.point_id,
    s.station_id,
    s.point_kind,
    cast(s.points - 1 as int) as peers,
    p.value_degc,
    s.median_degc,
    0.6745 * (p.value_degc - s.median_degc) / nullif(s.mad_degc, 0) as modified_z,
    coalesce(
        abs(0.6745 * (p.value_degc - s.median_degc) / nullif(s.mad_degc, 0)) > s.suspect_modified_z, false
    ) as is_suspect
from spread as s
cross join lateral unnest(s.point_ids, s.values_degc) as p (point_id, value_degc)
