-- Where each project of the year's works stands on each day its programme was reported: its newest row so far. Metres of
-- renewal and of new build come from the pipe programme's own log; pipe laid to merge boiler rooms comes with the boilers.
with report as (
    select
        *,
        coalesce(lead(progress_date) over (partition by season, project_id order by progress_date) - 1, {{ forever() }}) as to_date
    from {{ ref('stg_works_project') }}
),

report_day as (
    select distinct season, programme, progress_date from report
)

select
    d.season,
    d.programme,
    d.progress_date as as_of_date,
    r.project_id,
    r.branch_id,
    r.station_id,
    r.planned_end_date,
    r.completed_date is not null as is_finished,
    r.completed_date as finished_date,
    cast(r.planned_length_m as numeric) as planned_length_m,
    cast(r.done_length_m as numeric) as done_length_m,
    cast(r.budget_cny as numeric) as budget_cny,
    cast(r.spent_cny as numeric) as spent_cny,
    r.boilers,
    cast(r.boiler_capacity_t as numeric) as boiler_capacity_t,
    cast(r.heated_area_m2 as numeric) as heated_area_m2,
    r.households
from report_day as d
inner join report as r
    on d.season = r.season and d.programme = r.programme and d.progress_date between r.progress_date and r.to_date
union all
select
    season,
    work_type,
    progress_date,
    project_id,
    branch_id,
    station_id,
    planned_end_date,
    -- Without a plan nobody knows when a project is finished.
    is_finished,
    finished_date,
    planned_length_m,
    renewed_length_m,
    budget_cny,
    spent_cny,
    null,
    null,
    null,
    null
from {{ ref('int_renewal_project_day') }}
where progress_date = newest_log_date and work_type in ('renewal', 'new_build')
