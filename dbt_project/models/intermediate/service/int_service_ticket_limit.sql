-- Each ticket against each time limit of the place that is for it: kept, broken, still open within its time, or not to be
-- judged (stamped midnight for want of an hour, closed without saying when the step was done, or a step before its report). Judged as of the
-- moment up to which the ticket's own feed is known: what became of it later nobody has told.
with limited as (
    select
        t.line,
        t.ticket_no,
        t.feed,
        t.created_at,
        t.closed_at,
        t.is_midnight_stamped and l.unit = 'h' as is_hour_unknown,
        l.limit_code,
        t.created_at + case l.unit when 'h' then make_interval(secs => l.value * 3600) else make_interval(secs => l.value * 86400) end
            as deadline_at,
        case l.measured_to
            when 'accepted' then t.accepted_at
            when 'on_site' then t.on_site_at
            when 'solved' then coalesce(t.solved_at, t.closed_at)
            else t.closed_at
        end as reached_at
    from {{ ref('int_service_ticket') }} as t
    inner join {{ ref('stg_time_limit') }} as l
        on t.service_date between l.valid_from and l.valid_to
        and coalesce(l.ticket_kind, t.kind) = t.kind
        and coalesce(l.line, t.line) = t.line
    -- The limits of ordinary tickets are not for those who came in person, unless they name their line.
    -- What was handed back is nobody's lateness here.
    where (not t.is_in_person or l.line is not null) and not t.is_returned
)

select
    l.line,
    l.ticket_no,
    l.limit_code,
    l.deadline_at,
    l.reached_at,
    k.known_until_at as known_until,
    {{ local_date("k.known_until_at - interval '1 microsecond'") }} as known_date,
    l.deadline_at < k.known_until_at as is_due,
    case
        when l.is_hour_unknown or l.reached_at < l.created_at then 'not_judged'
        when l.reached_at <= l.deadline_at then 'in_time'
        when l.reached_at > l.deadline_at then 'late'
        when l.closed_at is not null then 'not_judged'
        when l.deadline_at < k.known_until_at then 'late'
        else 'open'
    end as outcome
from limited as l
cross join {{ ref('stg_place') }} as place
left join {{ ref('stg_feed_known') }} as k on l.feed = k.feed
