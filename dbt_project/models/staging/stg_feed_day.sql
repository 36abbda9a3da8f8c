-- Accepted rows of the batches that stand, by feed and local day of the event; what the loader counted, no row is read.
select
    b.feed,
    b.entity,
    d.event_date,
    cast(sum(d.rows) as bigint) as accepted_rows,
    -- Batches of before these were counted have days without them.
    cast(sum(q.rows_loaded) as bigint) as timed_rows,
    cast(sum(q.rows_late) as bigint) as late_rows,
    cast(sum(q.rows_out_of_order) as bigint) as out_of_order_rows,
    cast(sum(q.rows_duplicate) as bigint) as duplicate_rows,
    sum(q.delay_seconds) as delay_s
from {{ source('ledger', 'batch_day') }} as d
inner join {{ source('ledger', 'batch_current') }} as b on d.batch_id = b.batch_id and d.entity = b.entity
left join {{ source('ledger', 'batch_quality_day') }} as q on d.batch_id = q.batch_id and d.event_date = q.event_date
group by b.feed, b.entity, d.event_date
