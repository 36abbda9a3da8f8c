-- Cases whose time is up and which are still open at the end of what is known of their own feed, the longest overdue first. A
-- case that broke several limits stands once, by the limit that ran out first. Those of the newest season come first: the rest,
-- and what was carried over into it, are a backlog, in which somebody has to look whether they are open at all.
with broken as (
    select
        l.*,
        row_number() over (partition by l.line, l.ticket_no order by l.deadline_at asc, l.limit_code asc) as nth
    from {{ ref('int_service_ticket_limit') }} as l
    where l.outcome = 'late' and l.reached_at is null
),

newest as (
    select season from {{ ref('int_season_day') }} order by heating_date desc limit 1
),

placed as (
    select
        t.season,
        t.season <> newest.season or t.is_carried_over as is_backlog,
        b.known_date as as_of_date,
        t.line,
        t.ticket_no,
        t.kind,
        t.category,
        h.station_id,
        t.branch_id,
        b.limit_code,
        t.created_at,
        b.deadline_at,
        {{ hours_between('t.created_at', 'b.deadline_at') }} as limit_hours,
        {{ hours_between('t.created_at', 'b.known_until') }} as open_hours,
        {{ hours_between('b.deadline_at', 'b.known_until') }} as overdue_hours
    from broken as b
    inner join {{ ref('int_service_ticket') }} as t on b.line = t.line and b.ticket_no = t.ticket_no
    cross join newest
    left join {{ ref('int_household_place') }} as h
        on t.household_id = h.household_id and t.service_date between h.from_date and h.to_date
    where b.nth = 1
)

select
    season,
    is_backlog,
    as_of_date,
    cast(row_number() over (order by is_backlog asc, overdue_hours desc, line asc, ticket_no asc) as int) as priority,
    line,
    ticket_no,
    kind,
    category,
    station_id,
    branch_id,
    limit_code,
    created_at,
    deadline_at,
    limit_hours,
    open_hours,
    overdue_hours
from placed
