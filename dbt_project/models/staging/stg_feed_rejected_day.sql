-- Rejected rows of the batches that stand, by feed, local day of the event (the batch's last day where the row has none) and
-- first reason, whatever became of them since.
select
    q.feed,
    q.entity,
    coalesce(q.event_date, {{ local_date('b.interval_end - interval \'1 microsecond\'') }}) as event_date,
    q.first_reason as reason,
    cast(sum(q.rows) as bigint) as rejected_rows
from {{ source('quarantine', 'quality_day') }} as q
inner join {{ source('ledger', 'batch') }} as b on q.batch_id = b.batch_id
cross join {{ ref('stg_place') }} as place
-- A replay's rows were counted when their pull was loaded.
where b.kind = 'pull'
group by 1, 2, 3, 4
