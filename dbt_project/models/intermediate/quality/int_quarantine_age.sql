-- Rejected rows as they are now, by feed, reason, state and class of age on the last known day; the classes are dated rows.
with as_of as (
    select max(event_date) as as_of_date from {{ ref('stg_known_day') }}
),

aged as (
    select
        q.feed,
        q.entity,
        q.reason,
        q.state,
        q.rows,
        q.arrived_date,
        a.as_of_date,
        greatest(a.as_of_date - q.arrived_date, 0) as age_days,
        l.quarantine_age_recent_days as recent_days,
        l.quarantine_age_overdue_days as overdue_days
    from {{ ref('stg_quarantine_state') }} as q
    cross join as_of as a
    inner join {{ ref('int_limit_period') }} as l on a.as_of_date between l.valid_from and l.valid_to
)

select
    feed,
    entity,
    reason,
    case when age_days <= recent_days then 'recent' when age_days <= overdue_days then 'waiting' else 'overdue' end as age_class,
    as_of_date,
    cast(coalesce(sum(rows) filter (where state = 'open'), 0) as bigint) as open_rows,
    cast(coalesce(sum(rows) filter (where state = 'waived'), 0) as bigint) as waived_rows,
    cast(coalesce(sum(rows) filter (where state = 'replayed'), 0) as bigint) as replayed_rows,
    min(arrived_date) filter (where state = 'open') as oldest_open_date
from aged
group by 1, 2, 3, 4, 5
