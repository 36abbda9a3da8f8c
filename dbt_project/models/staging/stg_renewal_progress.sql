-- One row per project and date of its log: lengths and money are cumulative, lengths are trench lengths.
select
    p.project_id,
    p.project_name,
    p.season,
    p.branch_id,
    p.station_id,
    p.network_level,
    p.work_type,
    p.progress_date,
    p.planned_length_m,
    p.renewed_length_m,
    p.budget_cny,
    p.spent_cny,
    p.planned_start_date,
    p.planned_end_date,
    p.stage,
    p.feed,
    p.batch_id,
    p.file_id,
    p.position,
    p.arrived_at
from {{ picked(source('raw', 'renewal_progress'), ['r.project_id', 'r.progress_date']) }} as p
