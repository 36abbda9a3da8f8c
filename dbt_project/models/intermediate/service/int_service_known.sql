-- On which days it is known what happened on each line, and on all of them: every feed that tells of it is known that day. Only
-- then is nobody a zero. For people who came in person and petitions the same, whatever the line.
with teller as (
    select feed, line, tells_of from {{ ref('stg_ticket_feed') }}
    union
    select
        feed,
        line,
        case when channel in ('walk_in', 'group_petition') then channel else 'call' end
    from {{ ref('stg_service_ticket') }}
),

told as (
    select
        t.line,
        t.tells_of,
        coalesce(k.known_days, '{}') as known_days
    from teller as t
    left join {{ ref('stg_feed_known') }} as k on t.feed = k.feed
),

everywhere as (
    select
        'all' as line,
        range_intersect_agg(known_days) filter (where tells_of = 'call') as call_days,
        range_intersect_agg(known_days) filter (where tells_of = 'walk_in') as walk_in_days,
        range_intersect_agg(known_days) filter (where tells_of = 'group_petition') as petition_days
    from told
),

by_line as (
    select
        line,
        range_intersect_agg(known_days) as call_days
    from told
    where line is not null
    group by line
    union all
    select line, call_days from everywhere
)

select
    l.line,
    coalesce(l.call_days, '{}') as call_days,
    coalesce(e.walk_in_days, '{}') as walk_in_days,
    coalesce(e.petition_days, '{}') as petition_days,
    lower(l.call_days) as known_since_date,
    upper(l.call_days) - 1 as known_until_date
from by_line as l
cross join everywhere as e
