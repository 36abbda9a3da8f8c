-- The latest version of each ticket of each line.
select
    t.line,
    t.ticket_no,
    t.kind,
    t.category,
    t.status,
    t.channel,
    t.created_at,
    {{ local_date('t.created_at') }} as created_date,
    t.accepted_at,
    t.assigned_at,
    t.on_site_at,
    t.solved_at,
    t.closed_at,
    t.follow_up_at,
    t.persons,
    -- Midnight often stands for "some time that day"; such a ticket has a day but no hour.
    not coalesce(
        t.created_time_known,
        cast(t.created_at at time zone place.time_zone as time) <> cast('00:00' as time)
    ) as is_midnight_stamped,
    coalesce(t.closed_at < t.created_at, false) as is_closed_before_created,
    t.household_id,
    t.customer_kind,
    t.branch_id,
    t.related_ticket_no,
    t.satisfaction,
    coalesce(t.is_user_fault, false) as is_user_fault,
    t.is_user_fault is not null as is_fault_told,
    t.department,
    t.feed,
    t.batch_id,
    t.file_id,
    t.position,
    t.arrived_at,
    t.source_version
from {{ picked(source('raw', 'service_ticket'), ['r.line', 'r.ticket_no']) }} as t
cross join {{ ref('stg_place') }} as place
