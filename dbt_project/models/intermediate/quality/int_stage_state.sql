-- Every stage of every subject with the first one that differs, in the order of the way.
select
    *,
    min(case when outcome = 'differs' then stage_order end) over (partition by subject) as first_differing_order
from {{ ref('stg_stage_state') }}
