-- Rows of the feed that stand in the intervals the pull would replace.
select coalesce(sum(rows_loaded), 0)::bigint
from ledger.batch_current
where feed = %(feed)s::text
    and interval_start >= %(interval_start)s::timestamptz
    and interval_end <= %(interval_end)s::timestamptz
