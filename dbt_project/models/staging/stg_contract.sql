-- The newest contract of every feed that was ever loaded: whose it is, what it promises, how its rows arrive.
select
    feed,
    entity,
    owner,
    rows_per_day,
    lateness_hours,
    content ->> 'arrival' = 'file' as arrives_by_file,
    coalesce(content ->> 'no_file' = 'nothing_happened', false) as no_file_is_nothing,
    cast(content #>> '{in_service,from}' as date) as in_service_from,
    cast(content #>> '{in_service,to}' as date) as in_service_to
from {{ source('ledger', 'contract_current') }}
