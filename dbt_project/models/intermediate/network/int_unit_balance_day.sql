{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- How warm the measured homes of each station and of each heating system were on a day, and the near ones against the far ones.
-- A visit follows a complaint, so the homes visited are the cold ones: they are counted apart, and a home that a fixed or remote
-- point measured as well has the value of that.
with home as (
    select
        h.*,
        row_number() over (
            partition by h.household_id, h.heating_date order by (h.point_kind = 'mobile'), h.margin_degc, h.point_id
        ) as nth
    from {{ ref('int_household_day') }} as h
    where h.point_kind <> 'all' and h.station_id is not null and {{ in_ranges('h.heating_date', ranges) }}
),

measured as (
    select
        h.heating_date,
        h.season,
        h.station_id,
        b.system_id,
        h.network_position,
        h.point_kind = 'mobile' as is_visit,
        -- Means of decimal numbers do not depend on their order.
        cast(h.value_degc as numeric) as exact_degc,
        h.value_degc,
        h.complies,
        l.overheated_degc
    from home as h
    inner join {{ ref('int_limit_period') }} as l on h.heating_date between l.valid_from and l.valid_to
    left join {{ ref('int_building_system') }} as b
        on h.building_id = b.building_id and h.heating_date between b.from_date and b.to_date
    where h.nth <= 1
)

select
    h.season,
    h.heating_date,
    u.unit_kind,
    u.unit_id,
    max(h.station_id) as station_id,
    cast(count(*) filter (where not h.is_visit) as int) as measured_households,
    cast(count(*) filter (where h.network_position = 'near' and not h.is_visit) as int) as near_households,
    cast(count(*) filter (where h.network_position = 'far' and not h.is_visit) as int) as far_households,
    percentile_cont(0.1) within group (order by h.value_degc) filter (where not h.is_visit) as p10_degc,
    percentile_cont(0.5) within group (order by h.value_degc) filter (where not h.is_visit) as p50_degc,
    percentile_cont(0.9) within group (order by h.value_degc) filter (where not h.is_visit) as p90_degc,
    cast(avg(h.exact_degc) filter (where h.network_position = 'near' and not h.is_visit) as double precision) as near_degc,
    cast(avg(h.exact_degc) filter (where h.network_position = 'middle' and not h.is_visit) as double precision) as middle_degc,
    cast(avg(h.exact_degc) filter (where h.network_position = 'far' and not h.is_visit) as double precision) as far_degc,
    cast(avg(h.exact_degc) filter (where not h.is_visit) as double precision) as mean_degc,
    cast(stddev_pop(h.exact_degc) filter (where not h.is_visit) as double precision) as deviation_degc,
    cast(count(*) filter (where not h.complies and not h.is_visit) as int) as below_standard_households,
    cast(count(*) filter (where h.value_degc > h.overheated_degc and not h.is_visit) as int) as overheated_households,
    cast(count(*) filter (where h.is_visit) as int) as visited_households,
    cast(count(*) filter (where h.is_visit and not h.complies) as int) as visited_below_standard_households
from measured as h
cross join lateral (values ('station', h.station_id), ('system', h.system_id)) as u (unit_kind, unit_id)
where u.unit_id is not null
group by h.season, h.heating_date, u.unit_kind, u.unit_id
