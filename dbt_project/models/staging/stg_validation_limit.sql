-- Validation limits, by day.
select
    limit_code,
    entity,
    value,
    coalesce(valid_from, {{ always() }}) as valid_from,
    coalesce(valid_to, {{ forever() }}) as valid_to
from {{ ref('validation_limit') }}
