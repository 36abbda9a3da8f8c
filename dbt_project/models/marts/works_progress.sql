-- Every programme of the year's works as of each report: items, metres and money, done against planned, and what is
-- finished before the season's first day. Programmes are never added together: renewal is not new build.
with by_unit as (
    select
        p.season,
        p.programme,
        p.as_of_date,
        u.unit_kind,
        u.unit_id,
        s.season_start,
        count(*) as items,
        count(*) filter (where p.is_finished) as items_finished,
        count(*) filter (where p.planned_end_date is null) as items_without_plan,
        count(*) filter (where p.planned_end_date <= p.as_of_date) as items_planned_to_date,
        count(*) filter (where p.planned_end_date < p.as_of_date and p.is_finished is not true) as items_late,
        count(*) filter (where p.finished_date < s.season_start) as items_finished_before_season,
        sum(p.planned_length_m) as planned_length_m,
        sum(p.done_length_m) as done_length_m,
        sum(p.budget_cny) as budget_cny,
        sum(p.spent_cny) as spent_cny,
        sum(p.boilers) as boilers,
        sum(p.boiler_capacity_t) as boiler_capacity_t,
        sum(p.heated_area_m2) as heated_area_m2,
        sum(p.households) as households,
        coalesce(sum(p.boilers) filter (where p.is_finished), 0) as boilers_removed,
        coalesce(sum(p.boiler_capacity_t) filter (where p.is_finished), 0) as boiler_capacity_removed_t,
        coalesce(sum(p.heated_area_m2) filter (where p.is_finished), 0) as heated_area_connected_m2,
        coalesce(sum(p.households) filter (where p.is_finished), 0) as households_connected
    from {{ ref('int_works_project_day') }} as p
    left join {{ ref('int_season') }} as s on p.season = s.season
    cross join lateral (values ('company', 'company'), ('branch', p.branch_id)) as u (unit_kind, unit_id)
    where u.unit_id is not null
    group by p.season, p.programme, p.as_of_date, u.unit_kind, u.unit_id, s.season_start
)

select
    season,
    programme,
    as_of_date,
    unit_kind,
    unit_id,
    as_of_date = max(as_of_date) over (partition by season, programme) as is_newest,
    season_start,
    cast(items as int) as items,
    cast(items_finished as int) as items_finished,
    {{ percent('items_finished', 'items') }} as items_percent,
    cast(items_planned_to_date as int) as items_planned_to_date,
    cast(items_without_plan as int) as items_without_plan,
    cast(items_late as int) as items_late,
    cast(items_finished_before_season as int) as items_finished_before_season,
    case when season_start <= as_of_date then {{ percent('items_finished_before_season', 'items') }} end
        as finished_before_season_percent,
    cast(planned_length_m as double precision) as planned_length_m,
    cast(done_length_m as double precision) as done_length_m,
    {{ percent('done_length_m', 'planned_length_m') }} as length_percent,
    cast(budget_cny as double precision) as budget_cny,
    cast(spent_cny as double precision) as spent_cny,
    {{ percent('spent_cny', 'budget_cny') }} as spent_percent,
    cast(boilers as int) as boilers,
    case when boilers is not null then cast(boilers_removed as int) end as boilers_removed,
    cast(boiler_capacity_t as double precision) as boiler_capacity_t,
    case when boilers is not null then cast(boiler_capacity_removed_t as double precision) end as boiler_capacity_removed_t,
    cast(heated_area_m2 as double precision) as heated_area_m2,
    case when heated_area_m2 is not null then cast(heated_area_connected_m2 as double precision) end as heated_area_connected_m2,
    cast(households as int) as households,
    case when households is not null then cast(households_connected as int) end as households_connected
from by_unit
