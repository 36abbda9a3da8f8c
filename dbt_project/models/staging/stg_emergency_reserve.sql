-- One row per site, item and day of the reserves for emergencies.
select
    e.site_id,
    e.item,
    e.reserve_date,
    e.quantity,
    e.required_quantity,
    e.quantity_unit,
    e.feed,
    e.batch_id,
    e.file_id,
    e.position,
    e.arrived_at
from {{ picked(source('raw', 'emergency_reserve'), ['r.site_id', 'r.item', 'r.reserve_date']) }} as e
