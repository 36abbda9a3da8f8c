-- Local day from which on each feed was asked for.
select
    b.feed,
    min({{ local_date('b.interval_start') }}) as since_date
from {{ source('ledger', 'batch_current') }} as b
cross join {{ ref('stg_place') }} as place
group by b.feed
