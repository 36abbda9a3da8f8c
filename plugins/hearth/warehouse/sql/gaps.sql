-- Times of a feed, from its first known moment on, of which nothing is known.
with known as (
    select interval_start, interval_end, how from ledger.known_interval where feed = %(feed)s
),

tried as (
    select max((facts ->> 'interval_end')::timestamptz) as until
    from ledger.step
    where subject = %(feed)s
        and step = 'pull_and_land'
        and outcome in ('failed', 'died')
        and facts ? 'interval_end'
),

edges as (
    select
        least(min(interval_start), %(begin)s) as start,
        least(greatest(max(interval_end) filter (where how <> 'given up'), (select until from tried)), %(until)s) as until
    from known
)

select lower(gap), upper(gap)
from edges, unnest(
    tstzmultirange(tstzrange(start, until))
    - coalesce((select range_agg(tstzrange(interval_start, interval_end)) from known), '{}'::tstzmultirange)
) as gap
where start < until
order by 1
