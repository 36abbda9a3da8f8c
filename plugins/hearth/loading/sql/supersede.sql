-- Batches of the feed within the interval give way to this one; to a held one only those that are held.
insert into ledger.supersession (batch_id, by_batch_id)
select b.batch_id, %(batch_id)s::bigint
from ledger.batch_current as b
where b.feed = %(feed)s::text
    and b.interval_start >= %(interval_start)s::timestamptz
    and b.interval_end <= %(interval_end)s::timestamptz
    and (b.status = 'held' or not %(held)s::boolean)
returning batch_id
