-- Tickets opened again after they were closed: how often, when they were solved and closed before the last time, and when the
-- version came that closed them again (empty while they are open). Handed back is not opened again.
with stated as (
    select
        line,
        ticket_no,
        solved_at,
        closed_at,
        arrived_at,
        source_version,
        feed,
        position,
        coalesce(status = 'closed', closed_at is not null) as is_over,
        coalesce(status in ('waiting', 'accepted'), closed_at is null) as is_open
    from {{ ref('stg_service_ticket_version') }}
),

-- Few tickets have a version that is open behind one that is over.
several as (
    select line, ticket_no
    from stated
    group by line, ticket_no
    having
        max(array[source_version, {{ epoch_seconds('arrived_at') }}]) filter (where is_open)
        >= min(array[source_version, {{ epoch_seconds('arrived_at') }}]) filter (where is_over)
),

version as (
    select
        s.*,
        s.is_open and coalesce(lag(s.is_over) over in_order, false) as reopens,
        row_number() over in_order as version_no
    from stated as s
    inner join several as m on s.line = m.line and s.ticket_no = m.ticket_no
    window in_order as (
        partition by s.line, s.ticket_no order by s.source_version asc, s.arrived_at asc, s.feed desc, s.position asc
    )
),

marked as (
    select
        *,
        max(version_no) filter (where reopens) over (partition by line, ticket_no) as reopened_no
    from version
)

select
    line,
    ticket_no,
    cast(count(*) filter (where reopens) as int) as reopenings,
    max(solved_at) filter (where version_no < reopened_no) as solved_before_at,
    max(closed_at) filter (where version_no < reopened_no) as closed_before_at,
    min(arrived_at) filter (where version_no > reopened_no and is_over) as over_again_at
from marked
where reopened_no is not null
group by line, ticket_no
