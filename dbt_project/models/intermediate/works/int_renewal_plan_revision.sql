-- Every plan of each project of a pipe programme: the first one, and each time a report gives another length or another end.
with reported as (
    select
        *,
        row_number() over in_time as nth,
        lag(planned_length_m) over in_time as length_before_m,
        lag(planned_end_date) over in_time as end_before_date
    from {{ ref('stg_renewal_progress') }}
    window in_time as (partition by season, project_id order by progress_date)
)

select
    season,
    project_id,
    cast(row_number() over (partition by season, project_id order by progress_date) - 1 as int) as revision,
    progress_date,
    branch_id,
    station_id,
    network_level,
    work_type,
    planned_length_m,
    planned_length_m - length_before_m as change_m,
    planned_start_date,
    planned_end_date,
    planned_end_date - end_before_date as change_days
from reported
where
    nth = 1
    or planned_length_m is distinct from length_before_m
    or planned_end_date is distinct from end_before_date
