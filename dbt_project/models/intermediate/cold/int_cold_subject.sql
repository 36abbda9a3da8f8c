-- Cold buildings of a season (enough cold homes, and at least half of those examined), and single cold homes elsewhere: what
-- the summer has to cure.
with building as (
    select
        h.season,
        h.building_id,
        count(*) as homes_examined,
        count(*) filter (where h.is_cold) as homes_cold
    from {{ ref('int_cold_home') }} as h
    inner join {{ ref('int_season') }} as s on h.season = s.season
    inner join {{ ref('int_limit_period') }} as l on s.season_start between l.valid_from and l.valid_to
    where h.building_id is not null
    group by h.season, h.building_id
    having count(*) filter (where h.is_cold) >= max(l.cold_building_min_homes)
        and count(*) filter (where h.is_cold) >= count(*) * max(l.cold_building_share)
),

home as (
    select h.*, b.building_id is not null as is_in_cold_building
    from {{ ref('int_cold_home') }} as h
    left join building as b on h.season = b.season and h.building_id = b.building_id
),

member as (
    select *, 'building' as subject_kind, building_id as subject_id from home where is_in_cold_building
    union all
    select *, 'household', household_id from home where is_cold and not is_in_cold_building
)

select
    season,
    subject_kind,
    subject_id,
    max(building_id) as building_id,
    max(community_id) as community_id,
    max(station_id) as station_id,
    max(branch_id) as branch_id,
    count(*) as homes_examined,
    count(*) filter (where is_cold) as homes_cold,
    bool_or(is_cold_by_days) as is_measured_cold,
    bool_or(is_cold_by_visit) as is_visited_cold,
    sum(judged_days) as judged_days,
    sum(days_below) as days_below,
    max(longest_streak_days) as longest_streak_days,
    sum(visits) as visits,
    min(first_visit_date) as first_visit_date,
    mode() within group (order by cause) as cause,
    min(measure) as measure,
    max(measure_due_date) as measure_due_date,
    -- Done when every measure of every home is.
    case when sum(measures) = sum(measures_done) then max(last_done_date) end as measure_done_date,
    sum(measures) as measures,
    sum(measures_done) as measures_done
from member
group by season, subject_kind, subject_id
