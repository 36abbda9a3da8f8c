-- Local day from which on each kind of event was asked for: what happened before it is unknown, not nothing.
select
    b.entity,
    min({{ local_date('b.interval_start') }}) as known_since_date
from {{ source('ledger', 'batch_current') }} as b
cross join {{ ref('stg_place') }} as place
where b.entity in ('room_reading', 'outdoor_reading', 'service_ticket')
group by b.entity
