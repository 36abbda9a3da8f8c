-- Tickets of the heating seasons, and those made before one that were still open on its first day, with the branch they concern and how long each step took, in seconds. A ticket stamped
-- midnight for want of an hour has no durations. Walk-ins, group petitions and what was handed back to whoever sent it stand
-- apart: they are in no other count. A ticket opened again after it was closed has the times of its last solution, none while it
-- is open; where its source kept the first time of closing, the arrival of the version that closed it again stands for it. What was carried
-- over is of the first season it reaches, in its backlog and in no other count.
with ticket as (
    select
        t.*,
        coalesce(r.reopenings, 0) as reopenings,
        {{ last_solved_at('t', 'r') }} as last_solved_at,
        {{ last_closed_at('t', 'r') }} as last_closed_at
    from {{ ref('stg_service_ticket') }} as t
    left join {{ ref('int_ticket_reopening') }} as r on t.line = r.line and t.ticket_no = r.ticket_no
),

lived as (
    select
        *,
        coalesce(last_solved_at, last_closed_at) as over_at,
        -- Closed is over, though nobody said when.
        coalesce(last_solved_at, last_closed_at) is not null or coalesce(status = 'closed', false) as is_over
    from ticket
)

select
    t.line,
    t.ticket_no,
    t.feed,
    coalesce(d.season, c.season) as season,
    d.season is null as is_carried_over,
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
    t.over_at,
    t.is_over,
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
from lived as t
left join {{ ref('int_season_day') }} as d on t.created_date = d.heating_date
left join lateral (
    select b.season
    from {{ ref('int_season_day') }} as b
    where d.season is null and b.heating_date = b.season_start and b.day_start_at > t.created_at
        and (not t.is_over or t.over_at >= b.day_start_at)
    order by b.heating_date
    limit 1
) as c on true
left join {{ ref('int_household_place') }} as h
    on t.household_id = h.household_id and t.created_date between h.from_date and h.to_date
where coalesce(d.season, c.season) is not null
