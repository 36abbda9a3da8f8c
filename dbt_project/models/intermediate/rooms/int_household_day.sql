{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- Of the judged rooms of a home the one with the smallest margin to its standard speaks for the home that day: once among
-- all its points, once among those of each kind. Residents only; a home without a judged room has no row.
with judged as (
    select *
    from {{ ref('int_point_day') }}
    where is_judged and customer_kind = 'resident' and {{ in_ranges('heating_date', ranges) }}
),

ranked as (
    select
        *,
        row_number() over (partition by household_id, heating_date order by margin_degc, point_id) as nth_of_all,
        row_number() over (partition by household_id, heating_date, point_kind order by margin_degc, point_id) as nth_of_kind,
        count(*) over (partition by household_id, heating_date) as points_of_all,
        count(*) over (partition by household_id, heating_date, point_kind) as points_of_kind
    from judged
)

select
    r.household_id,
    r.heating_date,
    k.point_kind,
    r.season,
    r.flat_position,
    r.building_id,
    r.network_position,
    r.community_id,
    r.station_id,
    r.branch_id,
    cast(case when k.point_kind = 'all' then r.points_of_all else r.points_of_kind end as int) as judged_points,
    r.point_id,
    r.value_degc,
    r.standard_degc,
    r.tolerance_degc,
    r.margin_degc,
    r.complies,
    r.is_comfortable
from ranked as r
cross join lateral (values ('all', r.nth_of_all), (r.point_kind, r.nth_of_kind)) as k (point_kind, nth)
where k.nth <= 1
