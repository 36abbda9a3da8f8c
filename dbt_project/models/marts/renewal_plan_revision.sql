-- Every plan of each project of a pipe programme: the first one, and each time a report gives another length or another end.
select
    season,
    project_id,
    revision,
    progress_date,
    branch_id,
    station_id,
    network_level,
    work_type,
    planned_length_m,
    change_m,
    planned_start_date,
    planned_end_date,
    change_days
from {{ ref('int_renewal_plan_revision') }}
