-- Intervals of each feed that were asked for and whose rows were loaded.
select
    feed,
    entity,
    interval_start,
    interval_end
from {{ source('ledger', 'batch_current') }}
where kind = 'pull' and status = 'loaded'
