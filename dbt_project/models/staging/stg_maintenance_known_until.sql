-- Moment up to which each feed of work orders was asked for: what an order became after it is unknown.
select
    feed,
    max(interval_end) as known_until_at
from {{ source('ledger', 'batch_current') }}
where entity = 'maintenance_order' and status = 'loaded'
group by feed
