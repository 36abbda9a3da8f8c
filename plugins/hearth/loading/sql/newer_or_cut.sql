-- A pull of the feed that overlaps the interval and stands before this one in the order of pulls, or reaches out of the interval.
select b.pull_id, b.interval_start, b.interval_end, (other.place, other.choice) > (own.place, own.choice)
from ledger.batch_current as b
inner join ledger.pull_order as other using (pull_id)
inner join ledger.pull_order as own on own.pull_id = %(pull_id)s::bigint
where b.feed = %(feed)s::text
    and b.kind = 'pull'
    and b.interval_start < %(interval_end)s::timestamptz
    and b.interval_end > %(interval_start)s::timestamptz
    and (
        (other.place, other.choice) > (own.place, own.choice)
        or b.interval_start < %(interval_start)s::timestamptz
        or b.interval_end > %(interval_end)s::timestamptz
    )
order by other.place desc, other.choice desc
limit 1
