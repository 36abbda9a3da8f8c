-- Homes examined in a season and which of them are cold: by their judged days (enough of them, and at least half below the
-- standard), or because a visitor confirmed it and found a lasting cause. The summer belongs to the season before it: what that
-- one showed is looked into and mended then, so a visit counts until the next season begins. A streak is a run of judged days,
-- day after day, below the standard.
with measured as (
    select
        season,
        household_id,
        observed_date,
        is_below,
        observed_date - cast(row_number() over (partition by season, household_id, is_below order by observed_date) as int) as run_no
    from {{ ref('int_home_observation') }}
    where source = 'measured'
),

run as (
    select season, household_id, run_no, count(*) filter (where is_below) as days, count(*) as judged_days
    from measured
    group by season, household_id, run_no, is_below
),

by_days as (
    select
        season,
        household_id,
        sum(judged_days) as judged_days,
        sum(days) as days_below,
        max(days) as longest_streak_days
    from run
    group by season, household_id
),

year as (
    select
        season,
        season_start,
        least(lead(season_start) over (order by season_start), cast(season_start + interval '1 year' as date)) - 1 as summer_end
    from {{ ref('int_season') }}
),

visit as (
    select
        y.season,
        v.household_id,
        count(*) as visits,
        bool_or(v.finding <> 'no_access') as is_seen,
        bool_or(v.finding = 'confirmed_cold' and v.cause in ('network', 'building', 'in_home')) as is_confirmed,
        min(v.visited_date) as first_visit_date,
        mode() within group (order by v.cause) filter (where v.cause in ('network', 'building', 'in_home')) as cause,
        string_agg(distinct v.measure, '; ') as measure,
        count(*) filter (where v.measure is not null) as measures,
        count(*) filter (where v.measure is not null and v.measure_done_date is not null) as measures_done,
        max(v.measure_due_date) as measure_due_date,
        max(v.measure_done_date) as last_done_date
    from {{ ref('stg_household_visit') }} as v
    inner join year as y on v.visited_date between y.season_start and y.summer_end
    group by y.season, v.household_id
),

examined as (
    select
        coalesce(b.season, v.season) as season,
        coalesce(b.household_id, v.household_id) as household_id,
        coalesce(b.judged_days, 0) as judged_days,
        coalesce(b.days_below, 0) as days_below,
        coalesce(b.longest_streak_days, 0) as longest_streak_days,
        coalesce(
            b.judged_days >= l.cold_home_min_days
            and b.days_below >= b.judged_days * l.cold_home_share,
            false
        ) as is_cold_by_days,
        coalesce(b.judged_days >= l.cold_home_min_days, false) or coalesce(v.is_seen, false) as is_examined,
        coalesce(v.visits, 0) as visits,
        coalesce(v.is_confirmed, false) as is_cold_by_visit,
        v.first_visit_date,
        v.cause,
        v.measure,
        coalesce(v.measures, 0) as measures,
        coalesce(v.measures_done, 0) as measures_done,
        v.measure_due_date,
        v.last_done_date
    from by_days as b
    full join visit as v on b.season = v.season and b.household_id = v.household_id
    left join year as y on coalesce(b.season, v.season) = y.season
    left join {{ ref('int_limit_period') }} as l on y.season_start between l.valid_from and l.valid_to
),

-- Where the examined home was on the last day it was known in that season.
place as (
    select
        e.season,
        p.household_id,
        p.building_id,
        p.community_id,
        p.station_id,
        p.branch_id,
        row_number() over (partition by e.season, p.household_id order by p.from_date desc) as nth
    from examined as e
    inner join {{ ref('int_season') }} as s on e.season = s.season
    inner join {{ ref('int_household_place') }} as p
        on e.household_id = p.household_id and p.from_date <= s.season_end and p.to_date >= s.season_start
    where p.customer_kind = 'resident' and e.is_examined
)

select
    e.*,
    e.is_cold_by_days or e.is_cold_by_visit as is_cold,
    p.building_id,
    p.community_id,
    p.station_id,
    p.branch_id
from examined as e
inner join place as p on e.season = p.season and e.household_id = p.household_id and p.nth <= 1
where e.is_examined
