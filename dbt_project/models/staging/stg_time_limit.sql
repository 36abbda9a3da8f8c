-- Time limits for tickets in this place, by day.
select
    s.limit_code,
    s.ticket_kind,
    s.line,
    s.measured_to,
    s.value,
    s.unit,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('time_limit') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
