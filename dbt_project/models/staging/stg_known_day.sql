-- Days with accepted events, from the loader's own count: the newest one is where to-date figures end.
select distinct
    d.entity,
    d.event_date
from {{ source('ledger', 'batch_day') }} as d
inner join {{ source('ledger', 'batch_current') }} as b on d.batch_id = b.batch_id
where d.entity in ({{ daily_entities() }})
