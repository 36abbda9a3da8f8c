-- Claims of cold homes: a complaint about cold rooms or a temperature test that a home asked for, from the day of the
-- request to the day it is solved. One that was handed back is not the company's; one that is not solved yet runs on.
select
    t.line,
    t.ticket_no,
    t.household_id,
    t.created_date as request_date,
    {{ local_date('coalesce(t.solved_at, t.closed_at)') }} as cure_date
from {{ ref('stg_service_ticket') }} as t
cross join {{ ref('stg_place') }} as place
where t.kind in ('complaint', 'temperature_test')
    and t.category in ('room_cold', 'no_heat')
    and coalesce(t.status, '') <> 'returned'
    and coalesce(t.channel, '') not in ('walk_in', 'group_petition')
    and t.household_id is not null
