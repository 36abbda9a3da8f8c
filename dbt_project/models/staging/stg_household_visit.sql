-- The latest version of each visit to a cold household.
select
    v.visit_no,
    v.household_id,
    v.visited_at,
    {{ local_date('v.visited_at') }} as visited_date,
    v.finding,
    v.cause,
    v.measure,
    v.measure_due_date,
    v.measure_done_date,
    v.before_degc,
    {{ local_date('v.after_measured_at') }} as after_date,
    v.after_degc,
    v.feed,
    v.batch_id,
    v.file_id,
    v.position,
    v.arrived_at
from {{ picked(source('raw', 'household_visit'), ['r.visit_no']) }} as v
cross join {{ ref('stg_place') }} as place
