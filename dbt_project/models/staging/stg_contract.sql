-- The newest contract of every feed that was ever loaded: whose it is, what it promises.
select
    feed,
    entity,
    owner,
    rows_per_day,
    lateness_hours
from {{ source('ledger', 'contract_current') }}
