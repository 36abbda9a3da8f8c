-- Progress of each season's pipe programme, as known on each day with a log row and each season day. Percent is what is
-- done of what is planned, project by project: no project fills the plan of another one, and metres without a plan fill
-- none. Where nothing is planned there is no percent. Renewal, new build and pipe laid to merge boiler rooms are never added together.
with by_unit as (
    select
        p.season,
        p.progress_date,
        u.unit_kind,
        u.unit_id,
        l.network_level,
        p.work_type,
        sum(p.planned_length_m) as planned_length_m,
        sum(p.renewed_length_m) as renewed_length_m,
        sum(p.renewed_within_plan_m) as renewed_within_plan_m,
        sum(p.unplanned_length_m) as unplanned_length_m,
        sum(p.first_planned_length_m) as first_planned_length_m,
        sum(p.renewed_within_first_plan_m) as renewed_within_first_plan_m,
        sum(p.remaining_length_m) as remaining_length_m,
        sum(p.planned_to_date_m) as planned_to_date_m,
        sum(p.budget_cny) as budget_cny,
        sum(p.spent_cny) as spent_cny,
        max(p.newest_log_date) as newest_log_date,
        bool_and(p.is_pace_known) as is_pace_known,
        max(p.forecast_max_days) as forecast_max_days,
        -- Only what is planned can be finished, so only its pace counts.
        sum(p.recent_length_m) filter (where p.planned_length_m is not null) / nullif(max(p.rate_days), 0) as m_per_day,
        count(*) as projects,
        count(*) filter (where p.is_finished) as projects_finished,
        count(*) filter (where p.is_late) as projects_late,
        count(*) filter (where p.planned_length_m is null) as projects_without_plan,
        max(p.finished_date) as last_finished_date
    from {{ ref('int_renewal_project_day') }} as p
    cross join lateral (
        values ('company', 'company'), ('branch', p.branch_id), ('station', p.station_id)
    ) as u (unit_kind, unit_id)
    cross join lateral (values ('all'), (p.network_level)) as l (network_level)
    where u.unit_id is not null and l.network_level is not null
    group by p.season, p.progress_date, u.unit_kind, u.unit_id, l.network_level, p.work_type
)

select
    season,
    progress_date,
    unit_kind,
    unit_id,
    network_level,
    work_type,
    cast(planned_length_m as double precision) as planned_length_m,
    cast(renewed_length_m as double precision) as renewed_length_m,
    cast(renewed_within_plan_m as double precision) as renewed_within_plan_m,
    {{ percent('renewed_within_plan_m', 'planned_length_m') }} as percent,
    cast(unplanned_length_m as double precision) as unplanned_length_m,
    cast(first_planned_length_m as double precision) as first_planned_length_m,
    {{ percent('renewed_within_first_plan_m', 'first_planned_length_m') }} as first_plan_percent,
    cast(remaining_length_m as double precision) as remaining_length_m,
    cast(planned_to_date_m as double precision) as planned_to_date_m,
    {{ percent('planned_to_date_m', 'planned_length_m') }} as planned_to_date_percent,
    cast(budget_cny as double precision) as budget_cny,
    cast(spent_cny as double precision) as spent_cny,
    newest_log_date,
    case when m_per_day is not null then cast(greatest(m_per_day, 0) as double precision) end as recent_m_per_day,
    case
        when remaining_length_m = 0 then last_finished_date
        -- An old report says nothing of the pace, and a pace at which it would take too long foretells nothing.
        when is_pace_known and m_per_day > 0 and remaining_length_m <= m_per_day * forecast_max_days
            then greatest(progress_date, newest_log_date + cast(ceil(remaining_length_m / m_per_day) as int))
    end as forecast_completion_date,
    cast(projects as int) as projects,
    cast(projects_finished as int) as projects_finished,
    cast(projects_late as int) as projects_late,
    cast(projects_without_plan as int) as projects_without_plan
from by_unit
