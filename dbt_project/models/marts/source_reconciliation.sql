-- From the source's own answer to the published marts: what should be at each stage, what is, and the first that differs.
select
    s.subject,
    s.stage,
    s.pull_id,
    s.feed,
    s.entity,
    o.owner,
    cast(s.stage_order as int) as stage_order,
    s.unit,
    s.number_expected,
    s.number_found,
    s.number_found - s.number_expected as difference,
    s.sums_expected,
    s.sums_found,
    s.rows_read,
    s.rows_loaded,
    s.rows_quarantined,
    s.rows_duplicate,
    s.outcome,
    coalesce(s.stage_order = s.first_differing_order, false) as is_first_difference,
    s.message,
    s.checked_at
from {{ ref('int_stage_state') }} as s
left join {{ ref('int_feed_owner') }} as o on s.feed = o.feed
