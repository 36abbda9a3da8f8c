-- The latest version of each work order.
select
    o.order_no,
    o.kind,
    o.asset_kind,
    o.asset_id,
    o.station_id,
    o.branch_id,
    o.priority,
    o.status,
    o.reported_at,
    {{ local_date('o.reported_at') }} as reported_date,
    o.diagnosed_at,
    o.decided_at,
    o.on_site_at,
    o.started_at,
    o.restored_at,
    o.completed_at,
    o.cause,
    o.households_without_heat,
    o.is_planned,
    o.work_summary,
    o.feed,
    o.batch_id,
    o.file_id,
    o.position,
    o.arrived_at
from {{ picked(source('raw', 'maintenance_order'), ['r.order_no']) }} as o
cross join {{ ref('stg_place') }} as place
