-- Rejected rows that wait, by feed, reason and how long they have waited, with who answers for the feed.
select
    q.feed,
    q.reason,
    q.age_class,
    q.entity,
    coalesce(o.owner, 'unknown') as owner,
    q.as_of_date,
    q.open_rows,
    q.waived_rows,
    q.replayed_rows,
    q.oldest_open_date,
    cast(greatest(q.as_of_date - q.oldest_open_date, 0) as int) as oldest_open_days
from {{ ref('int_quarantine_age') }} as q
left join {{ ref('int_feed_owner') }} as o on q.feed = o.feed
