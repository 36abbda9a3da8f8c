-- Open rejected readings by measuring point or heating system, day and reason; kept, because the view behind it looks at every
-- act on every quarantined row, and because the planner knows nothing of a view.
select
    entity,
    subject_id,
    heating_date,
    reason,
    rejected_rows
from {{ ref('stg_rejected_day') }}
