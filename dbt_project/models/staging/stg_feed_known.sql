-- On which local days it is known what happened, by feed: those its loaded intervals cover whole. Where a row came when its file
-- came, the interval says nothing of the event: such a feed knows the days from its first interval, or the first event of an
-- accepted file if that is earlier, to the last event, without the days of intervals nobody pulled; and all days its intervals
-- cover where its contract says that no file means that nothing happened. On the days its contract says the feed was not in
-- service there was nothing to tell: they are known.
with pulled as (
    select
        b.feed,
        b.entity,
        range_agg(tstzrange(b.interval_start, b.interval_end)) as spans,
        max(b.interval_end) as pulled_until_at
    from {{ source('ledger', 'batch_current') }} as b
    where b.status = 'loaded'
    group by b.feed, b.entity
),

asked as (
    select
        p.feed,
        range_agg(daterange(d.from_date, greatest(d.from_date, d.until_date))) as days
    from pulled as p
    cross join {{ ref('stg_place') }} as place
    cross join lateral unnest(p.spans) as s (span)
    cross join lateral (
        select
            {{ local_date("lower(s.span) - interval '1 microsecond'") }} + 1 as from_date,
            {{ local_date('upper(s.span)') }} as until_date
    ) as d
    group by p.feed
),

event as (
    select
        b.feed,
        min(d.event_date) as first_date,
        max(d.event_date) as last_date
    from {{ source('ledger', 'batch_day') }} as d
    inner join {{ source('ledger', 'batch_current') }} as b on d.batch_id = b.batch_id and d.entity = b.entity
    where b.status = 'loaded'
    group by b.feed
),

-- Once, not once for each row of who joins it: of a ledger without statistics the planner cannot tell how few feeds there are.
known as materialized (
    select
        p.feed,
        p.entity,
        case
            when c.arrives_by_file is not true then a.days
            else
                case when c.no_file_is_nothing then a.days else '{}' end
                + case
                    when e.feed is null then '{}'
                    else
                        datemultirange(daterange(least(lower(a.days), e.first_date), e.last_date, '[]'))
                        - (datemultirange(range_merge(a.days)) - a.days)
                end
        end as days,
        case
            when c.arrives_by_file is not true or c.no_file_is_nothing then p.pulled_until_at
            else {{ day_start('e.last_date + 1') }}
        end as known_until_at,
        c.in_service_from,
        c.in_service_to
    from pulled as p
    cross join {{ ref('stg_place') }} as place
    inner join asked as a on p.feed = a.feed
    left join {{ ref('stg_contract') }} as c on p.feed = c.feed
    left join event as e on p.feed = e.feed
)

select
    feed,
    entity,
    lower(days) as known_since_date,
    upper(days) - 1 as known_until_date,
    known_until_at,
    days
    + case when in_service_from is null then '{}' else datemultirange(daterange(null, in_service_from)) end
    + case when in_service_to is null then '{}' else datemultirange(daterange(in_service_to, null, '()')) end as known_days
from known
