-- Faults and emergency repairs with the hours from the report to each step. Outside of the season no home misses heat. A step
-- written down as before the report has no hours: somebody mistyped, and a negative duration would poison every mean.
with step as (
    select
        o.*,
        coalesce(o.restored_at, o.completed_at) as ended_at,
        o.reported_at <= least(o.diagnosed_at, o.decided_at, o.on_site_at, o.restored_at, o.completed_at)
        and coalesce(o.diagnosed_at <= o.decided_at, true)
        and coalesce(o.decided_at <= o.on_site_at, true)
        and coalesce(o.on_site_at <= o.restored_at, true) as in_order
    from {{ ref('stg_maintenance_order') }} as o
    where o.kind in ('fault', 'emergency')
)

select
    o.order_no,
    d.season,
    o.reported_date as incident_date,
    o.kind,
    o.asset_kind,
    o.asset_id,
    o.station_id,
    o.branch_id,
    o.cause,
    o.reported_at,
    o.restored_at,
    o.ended_at is null as is_open,
    coalesce(o.in_order, true) as is_in_order,
    {{ hours_between('o.reported_at', 'o.diagnosed_at') }} as diagnosed_hours,
    {{ hours_between('o.reported_at', 'o.decided_at') }} as decided_hours,
    {{ hours_between('o.reported_at', 'o.on_site_at') }} as on_site_hours,
    {{ hours_between('o.reported_at', 'o.ended_at') }} as restored_hours,
    case when d.season is not null then o.households_without_heat end as households_without_heat
from step as o
left join {{ ref('int_season_day') }} as d on o.reported_date = d.heating_date
