-- Tickets of the heating seasons with the branch they concern and how long each step took, in seconds. A ticket stamped
-- midnight for want of an hour has no durations. Walk-ins, group petitions and what was handed back to whoever sent it stand
-- apart: they are in no other count. A ticket opened again after it was closed has the times of its last solution, none while it
-- is open; where its source kept the first time of closing, the arrival of the version that closed it again stands for it.
with ticket as (
    select
        t.*,
        coalesce(r.reopenings, 0) as reopenings,
        {{ last_solved_at('t', 'r') }} as last_solved_at,
        {{ last_closed_at('t', 'r') }} as last_closed_at
    from {{ ref('stg_service_ticket') }} as t
    left join {{ ref('int_ticket_reopening') }} as r on t.line = r.line and t.ticket_no = r.ticket_no
)

select
    t.line,
    t.ticket_no,
    d.season,
    t.created_date as service_date,
    t.created_at,
    t.kind,
    coalesce(t.category, 'unknown') as category,
    t.channel,
    coalesce(t.channel in ('walk_in', 'group_petition'), false) as is_in_person,
    coalesce(t.status = 'returned', false) as is_returned,
    coalesce(t.channel in ('walk_in', 'group_petition') or t.status = 'returned', false) as is_apart,
    t.is_midnight_stamped,
    t.accepted_at,
    t.on_site_at,
    t.last_solved_at as solved_at,
    t.last_closed_at as closed_at,
    t.reopenings,
    t.follow_up_at,
    t.satisfaction,
    t.persons,
    -- A step before its report is a typing error: a negative duration would poison every mean.
    case when not t.is_midnight_stamped and t.accepted_at >= t.created_at then {{ epoch_seconds('t.accepted_at - t.created_at') }} end as first_answer_s,
    case when not t.is_midnight_stamped and t.on_site_at >= t.created_at then {{ epoch_seconds('t.on_site_at - t.created_at') }} end as on_site_s,
    case when not t.is_midnight_stamped and t.last_solved_at >= t.created_at then {{ epoch_seconds('t.last_solved_at - t.created_at') }} end as solved_s,
    t.household_id,
    coalesce(h.branch_id, t.branch_id) as branch_id
from ticket as t
inner join {{ ref('int_season_day') }} as d on t.created_date = d.heating_date
left join {{ ref('int_household_place') }} as h
    on t.household_id = h.household_id and t.created_date between h.from_date and h.to_date
