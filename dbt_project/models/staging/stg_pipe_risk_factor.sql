-- Factors of the priority of pipe segments, by day.
select
    factor,
    at_least,
    points,
    reason,
    reason_zh,
    coalesce(valid_from, {{ always() }}) as valid_from,
    coalesce(valid_to, {{ forever() }}) as valid_to
from {{ ref('pipe_risk_factor') }}
