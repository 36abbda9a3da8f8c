-- What came of each feed on each local day since it was first asked for: accepted, rejected by kind, repeated, late.
with rejected as (
    select
        feed,
        entity,
        event_date,
        cast(sum(rejected_rows) as bigint) as rejected_rows,
        cast(coalesce(sum(rejected_rows) filter (where reason = 'conflicting_duplicate'), 0) as bigint) as conflicting_rows,
        cast(coalesce(sum(rejected_rows) filter (where reason = 'unknown_point'), 0) as bigint) as unknown_point_rows
    from {{ ref('stg_feed_rejected_day') }}
    group by feed, entity, event_date
),

day as (
    select
        coalesce(a.feed, r.feed) as feed,
        coalesce(a.entity, r.entity) as entity,
        coalesce(a.event_date, r.event_date) as heating_date,
        coalesce(a.accepted_rows, 0) as accepted_rows,
        coalesce(r.rejected_rows, 0) as rejected_rows,
        coalesce(a.duplicate_rows, 0) as duplicate_rows,
        coalesce(r.conflicting_rows, 0) as conflicting_rows,
        coalesce(r.unknown_point_rows, 0) as unknown_point_rows,
        a.timed_rows,
        a.late_rows,
        a.out_of_order_rows,
        a.delay_s
    from {{ ref('stg_feed_day') }} as a
    full outer join rejected as r on a.feed = r.feed and a.entity = r.entity and a.event_date = r.event_date
),

-- A day of the season on which a feed sent nothing at all is a day of its own where the contract says how many rows it owes.
owed as (
    select
        s.feed,
        c.entity,
        d.heating_date,
        c.rows_per_day
    from {{ ref('stg_feed_known') }} as s
    inner join {{ ref('stg_contract') }} as c on s.feed = c.feed
    inner join {{ ref('int_season_day') }} as d on s.known_since_date <= d.heating_date
    where c.rows_per_day is not null
),

-- A day of which an interval was never pulled is a day of its own too, whatever the contract promises.
known as (
    select
        coalesce(o.feed, m.feed) as feed,
        coalesce(o.entity, c.entity) as entity,
        coalesce(o.heating_date, m.heating_date) as heating_date,
        o.rows_per_day,
        coalesce(m.missing_intervals, 0) as missing_intervals
    from owed as o
    full outer join {{ ref('stg_feed_missing_day') }} as m on o.feed = m.feed and o.heating_date = m.heating_date
    left join {{ ref('stg_contract') }} as c on m.feed = c.feed
    where coalesce(o.entity, c.entity) is not null
)

select
    coalesce(day.feed, known.feed) as feed,
    coalesce(day.entity, known.entity) as entity,
    coalesce(day.heating_date, known.heating_date) as heating_date,
    known.rows_per_day as expected_rows,
    coalesce(known.missing_intervals, 0) as missing_intervals,
    coalesce(day.accepted_rows, 0) as accepted_rows,
    coalesce(day.rejected_rows, 0) as rejected_rows,
    coalesce(day.duplicate_rows, 0) as duplicate_rows,
    coalesce(day.conflicting_rows, 0) as conflicting_rows,
    coalesce(day.unknown_point_rows, 0) as unknown_point_rows,
    day.timed_rows,
    day.late_rows,
    day.out_of_order_rows,
    day.delay_s
from day
full outer join known on day.feed = known.feed and day.entity = known.entity and day.heating_date = known.heating_date
left join {{ ref('stg_feed_known') }} as since on day.feed = since.feed
where known.feed is not null or since.known_since_date <= day.heating_date
