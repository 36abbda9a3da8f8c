-- Rejected rows of the batches that stand as they are now, by feed, first reason, state and local day of arrival.
select
    q.feed,
    q.entity,
    q.first_reason as reason,
    q.state,
    {{ local_date('q.arrived_hour') }} as arrived_date,
    cast(sum(q.rows) as bigint) as rows
from {{ source('quarantine', 'open_hour') }} as q
cross join {{ ref('stg_place') }} as place
group by 1, 2, 3, 4, 5
