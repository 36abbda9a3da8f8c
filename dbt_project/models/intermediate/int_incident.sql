-- Faults and emergency repairs with the hours from the report to each step. Outside of the season no home misses heat.
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
    cast({{ epoch_seconds('o.diagnosed_at - o.reported_at') }} as double precision) / 3600 as diagnosed_hours,
    cast({{ epoch_seconds('o.decided_at - o.reported_at') }} as double precision) / 3600 as decided_hours,
    cast({{ epoch_seconds('o.on_site_at - o.reported_at') }} as double precision) / 3600 as on_site_hours,
    cast({{ epoch_seconds('coalesce(o.restored_at, o.completed_at) - o.reported_at') }} as double precision) / 3600 as restored_hours,
    case when d.season is not null then o.households_without_heat end as households_without_heat
from {{ ref('stg_maintenance_order') }} as o
left join {{ ref('int_season_day') }} as d on o.reported_date = d.heating_date
where o.kind in ('fault', 'emergency')
