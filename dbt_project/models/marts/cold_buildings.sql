-- "Winter illness, summer cure": cold buildings and single cold homes of each season with evidence, cause and measure, and
-- whether the next season proves the cure: by as many observations as it takes to be called cold, on days of like weather.
with seen as (
    -- Each season is looked at in itself and in the one after it.
    select season, season as observed_season, true as is_before
    from {{ ref('int_season') }}
    union all
    select previous_season, season, false
    from {{ ref('int_season') }}
    where previous_season is not null
),

-- By building and by home: two plain joins, where one on either would have to compare everything with everything.
subject_observation as (
    {%- for kind in ['building', 'household'] %}
    select
        s.season,
        s.subject_kind,
        s.subject_id,
        o.household_id,
        seen.is_before,
        -- As numeric, so that the order of the rows does not show in a mean.
        cast(o.value_degc as numeric) as value_degc,
        o.is_below,
        o.is_comparable
    from {{ ref('int_cold_subject') }} as s
    inner join seen on s.season = seen.season
    inner join {{ ref('int_home_observation') }} as o on seen.observed_season = o.season and s.subject_id = o.{{ kind }}_id
    where s.subject_kind = '{{ kind }}'
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

summed as (
    select
        season,
        subject_kind,
        subject_id,
        avg(value_degc) filter (where is_before) as before_degc,
        avg(value_degc) filter (where not is_before) as after_degc,
        count(*) filter (where not is_before) as after_observations,
        count(*) filter (where not is_before and is_below) as after_observations_below,
        avg(value_degc) filter (where is_before and is_comparable) as comparable_before_degc,
        avg(value_degc) filter (where not is_before and is_comparable) as comparable_after_degc,
        count(*) filter (where is_before and is_comparable) as comparable_before_observations,
        count(*) filter (where not is_before and is_comparable) as comparable_after_observations,
        count(*) filter (where not is_before and is_comparable and is_below) as comparable_after_below,
        count(distinct household_id) filter (where not is_before and is_comparable) as comparable_after_homes
    from subject_observation
    group by season, subject_kind, subject_id
),

next_season as (
    select previous_season as season, season as next_season, season_start as next_season_start
    from {{ ref('int_season') }}
    where previous_season is not null
),

-- Found cold, by days or by a visit.
found_cold as (
    select season, 'household' as subject_kind, household_id as subject_id
    from {{ ref('int_cold_home') }}
    where is_cold
    union all
    select season, subject_kind, subject_id
    from {{ ref('int_cold_subject') }}
    where subject_kind = 'building'
)

select
    s.season,
    s.subject_kind,
    s.subject_id,
    s.building_id,
    s.community_id,
    s.station_id,
    s.branch_id,
    case
        when s.is_measured_cold and s.is_visited_cold then 'measured and visited'
        when s.is_measured_cold then 'measured'
        else 'visited'
    end as evidence,
    cast(s.homes_examined as int) as homes_examined,
    cast(s.homes_cold as int) as homes_cold,
    cast(s.judged_days as int) as judged_days,
    cast(s.days_below as int) as days_below,
    cast(s.longest_streak_days as int) as longest_streak_days,
    cast(s.visits as int) as visits,
    s.first_visit_date,
    s.cause,
    s.measure,
    s.measure_due_date,
    cast(s.measures as int) as measures,
    cast(s.measures_done as int) as measures_done,
    s.measure_done_date,
    case when s.measures > 0 then coalesce(s.measure_done_date < n.next_season_start, false) end as is_done_before_next_season,
    cast(m.before_degc as double precision) as before_degc,
    cast(m.after_degc as double precision) as after_degc,
    cast(coalesce(m.comparable_before_observations, 0) as int) as comparable_before_observations,
    cast(coalesce(m.comparable_after_observations, 0) as int) as comparable_after_observations,
    cast(m.comparable_before_degc as double precision) as comparable_before_degc,
    cast(m.comparable_after_degc as double precision) as comparable_after_degc,
    cast(m.comparable_after_degc - m.comparable_before_degc as double precision) as comparable_gain_degc,
    cast(coalesce(m.after_observations, 0) as int) as after_observations,
    cast(coalesce(m.after_observations_below, 0) as int) as after_observations_below,
    cast(coalesce(m.comparable_after_below, 0) as int) as comparable_after_below,
    cast(coalesce(m.comparable_after_homes, 0) as int) as comparable_after_homes,
    again.subject_id is not null as is_cold_again,
    case
        when again.subject_id is not null then 'still_cold'
        when coalesce(m.comparable_after_observations, 0) < l.cold_home_min_days
            or s.subject_kind = 'building' and m.comparable_after_homes < l.cold_building_min_homes
            then 'not_proved'
        when m.comparable_after_below < m.comparable_after_observations * l.cold_home_share then 'cured'
        else 'still_cold'
    end as proof
from {{ ref('int_cold_subject') }} as s
left join summed as m on s.season = m.season and s.subject_kind = m.subject_kind and s.subject_id = m.subject_id
left join next_season as n on s.season = n.season
left join {{ ref('int_season') }} as y on s.season = y.season
left join {{ ref('int_limit_period') }} as l on y.season_start between l.valid_from and l.valid_to
left join found_cold as again
    on n.next_season = again.season and s.subject_kind = again.subject_kind and s.subject_id = again.subject_id
