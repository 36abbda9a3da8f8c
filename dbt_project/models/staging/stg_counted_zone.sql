-- In which time zones the days of each entity's rows were ever counted, by the contracts they were loaded with.
select distinct
    entity,
    content ->> 'time_zone' as time_zone
from {{ source('ledger', 'contract') }}
