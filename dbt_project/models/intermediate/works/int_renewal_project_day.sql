-- Where each project of a season's programme stands on each day that has a log row of that season and on each season day:
-- its newest log row so far. With it the plan's share due by then, and how much was done in the days before the newest log.
-- What is done within the plan fills the plan; what is done beyond it, or without one, stands apart.
-- Lengths are trench lengths, as numeric so that sums are exact.
with entry as (
    select
        season,
        project_id,
        progress_date,
        branch_id,
        station_id,
        network_level,
        work_type,
        planned_start_date,
        planned_end_date,
        cast(planned_length_m as numeric) as planned_length_m,
        cast(renewed_length_m as numeric) as renewed_length_m,
        cast(budget_cny as numeric) as budget_cny,
        cast(spent_cny as numeric) as spent_cny
    from {{ ref('stg_renewal_progress') }}
),

held as (
    select
        *,
        coalesce(lead(progress_date) over in_time - 1, {{ forever() }}) as to_date,
        first_value(renewed_length_m) over in_time as first_renewed_length_m,
        (array_agg(planned_length_m) filter (where planned_length_m is not null) over in_time)[1] as first_planned_length_m,
        min(progress_date) filter (where renewed_length_m >= planned_length_m) over in_time as reached_plan_date
    from entry
    window in_time as (partition by season, project_id order by progress_date)
),

day as (
    select season, progress_date, true as is_logged
    from entry
    group by season, progress_date
    union all
    select d.season, d.heating_date, false
    from {{ ref('int_season_day') }} as d
    where not exists (select 1 from entry as e where e.season = d.season and e.progress_date = d.heating_date)
),

dated as (
    select
        d.season,
        d.progress_date,
        max(case when d.is_logged then d.progress_date end) over so_far as newest_log_date,
        min(case when d.is_logged then d.progress_date end) over so_far as first_log_date,
        cast(l.renewal_rate_days as int) as rate_days,
        cast(l.renewal_forecast_max_days as int) as forecast_max_days
    from day as d
    left join {{ ref('int_limit_period') }} as l on d.progress_date between l.valid_from and l.valid_to
    window so_far as (partition by d.season order by d.progress_date)
)

select
    d.season,
    d.progress_date,
    d.newest_log_date,
    -- Days over which progress is measured; fewer while the programme is younger than that.
    least(d.rate_days, d.newest_log_date - d.first_log_date) as rate_days,
    d.progress_date - d.newest_log_date <= d.rate_days as is_pace_known,
    d.forecast_max_days,
    h.project_id,
    h.progress_date as as_of_date,
    h.branch_id,
    h.station_id,
    h.network_level,
    h.work_type,
    h.planned_start_date,
    h.planned_end_date,
    h.planned_length_m,
    h.first_planned_length_m,
    h.renewed_length_m,
    case when h.planned_length_m is not null then least(h.renewed_length_m, h.planned_length_m) end as renewed_within_plan_m,
    case when h.first_planned_length_m is not null then least(h.renewed_length_m, h.first_planned_length_m) end
        as renewed_within_first_plan_m,
    greatest(h.renewed_length_m - coalesce(h.planned_length_m, 0), 0) as unplanned_length_m,
    case when h.planned_length_m is not null then greatest(h.planned_length_m - h.renewed_length_m, 0) end as remaining_length_m,
    h.budget_cny,
    h.spent_cny,
    h.planned_length_m * case
        when d.progress_date >= h.planned_end_date then 1
        when d.progress_date <= h.planned_start_date then 0
        else cast(d.progress_date - h.planned_start_date as numeric) / (h.planned_end_date - h.planned_start_date)
    end as planned_to_date_m,
    -- Measured in the plan of today, at both ends: only metres that the plan still lacked bring its end nearer.
    case when h.planned_length_m is not null then
        least(h.renewed_length_m, h.planned_length_m)
        - least(coalesce(b.renewed_length_m, h.first_renewed_length_m), h.planned_length_m)
    end as recent_length_m,
    h.renewed_length_m >= h.planned_length_m as is_finished,
    case when h.renewed_length_m >= h.planned_length_m then h.reached_plan_date end as finished_date,
    h.planned_end_date < d.progress_date and h.renewed_length_m < h.planned_length_m as is_late
from dated as d
inner join held as h on d.season = h.season and d.progress_date between h.progress_date and h.to_date
left join held as b
    on h.season = b.season and h.project_id = b.project_id
    and d.newest_log_date - d.rate_days between b.progress_date and b.to_date
