-- Every version of every ticket, as it came; what became of a ticket is in stg_service_ticket.
select
    r.line,
    r.ticket_no,
    r.kind,
    r.status,
    r.solved_at,
    r.closed_at,
    r.arrived_at,
    r.source_version,
    r.feed,
    r.position
from {{ source('raw', 'service_ticket') }} as r
where {{ not_waiting('r.feed') }}
