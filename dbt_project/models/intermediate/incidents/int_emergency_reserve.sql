-- Reserves by site, item and day, against what the plan asks for.
select
    site_id,
    item,
    reserve_date,
    quantity,
    required_quantity
from {{ ref('stg_emergency_reserve') }}
