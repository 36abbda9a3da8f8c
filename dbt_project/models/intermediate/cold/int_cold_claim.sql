-- Claims of cold homes: a complaint about cold rooms or a temperature test that a home asked for, from the day of the
-- request to the day it is solved for the last time. One that was handed back is not the company's; one that is not solved
-- yet, or was opened again, runs on. Whose fault it was is known once it is solved, of lines that tell it.
with claim as (
    select
        t.*,
        coalesce({{ last_solved_at('t', 'r') }}, {{ last_closed_at('t', 'r') }}) as cured_at
    from {{ ref('stg_service_ticket') }} as t
    left join {{ ref('int_ticket_reopening') }} as r on t.line = r.line and t.ticket_no = r.ticket_no
    where t.kind in ('complaint', 'temperature_test')
        and t.category in ('room_cold', 'no_heat')
        and coalesce(t.status, '') <> 'returned'
        and coalesce(t.channel, '') not in ('walk_in', 'group_petition')
        and t.household_id is not null
)

select
    c.line,
    c.ticket_no,
    c.household_id,
    c.created_date as request_date,
    {{ local_date('c.cured_at') }} as cure_date,
    case
        when c.is_user_fault then 'user'
        when c.is_fault_told and c.cured_at is not null then 'not_user'
        else 'unknown'
    end as cause
from claim as c
cross join {{ ref('stg_place') }} as place
