-- Local day from which on data was asked for: seasons that ended before it are not shown as seasons without complaints.
select min({{ local_date('b.interval_start') }}) as known_since_date
from {{ source('ledger', 'batch_current') }} as b
cross join {{ ref('stg_place') }} as place
where b.entity in ('room_reading', 'outdoor_reading', 'service_ticket')
