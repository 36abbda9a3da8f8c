-- How each time limit of the place was kept by the tickets of a day, under the limit's own name, for the company and each branch.
select
    t.season,
    t.service_date,
    u.unit_kind,
    u.unit_id,
    o.limit_code,
    count(*) as tickets,
    count(*) filter (where o.outcome = 'in_time') as in_time,
    count(*) filter (where o.outcome = 'late') as late,
    count(*) filter (where o.outcome = 'open') as still_open,
    count(*) filter (where o.outcome = 'not_judged') as not_judged
from {{ ref('int_service_ticket_limit') }} as o
inner join {{ ref('int_service_ticket') }} as t on o.line = t.line and o.ticket_no = t.ticket_no
cross join lateral (values ('company', 'company'), ('branch', t.branch_id)) as u (unit_kind, unit_id)
where u.unit_id is not null and not t.is_carried_over
group by t.season, t.service_date, u.unit_kind, u.unit_id, o.limit_code
