-- Every stage of every pull that stands, and of raw, staging and marts as wholes: what should be there, what was found last.
select
    subject,
    pull_id,
    feed,
    coalesce(entity, case when subject like 'entity %' then substr(subject, 8) end) as entity,
    stage,
    stage_order,
    unit,
    cast(number_expected as bigint) as number_expected,
    cast(number_found as bigint) as number_found,
    cast(sums_expected as text) as sums_expected,
    cast(sums_found as text) as sums_found,
    outcome,
    message,
    checked_at,
    cast(rows_read as bigint) as rows_read,
    cast(rows_loaded as bigint) as rows_loaded,
    cast(rows_quarantined as bigint) as rows_quarantined,
    cast(rows_duplicate as bigint) as rows_duplicate
from {{ source('ledger', 'stage_state') }}
