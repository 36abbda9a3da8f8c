-- Which tickets changed their kind, from what to what, and when: a complaint that became a consultation leaves the complaint
-- rate, and somebody should be able to see it go.
select
    season,
    line,
    ticket_no,
    change_no,
    reclassified_date,
    reclassified_at,
    from_kind,
    to_kind,
    is_after_closing,
    created_at,
    category,
    station_id,
    branch_id
from {{ ref('int_ticket_reclassification') }}
