-- What changed since the last successful build, as the build's plan wrote it down; not yet widened by any rule.
select distinct
    entity,
    event_date
from {{ source('ledger', 'build_day') }}
where build_id = {{ env_var('HEARTH_BUILD_ID', '0') }}
