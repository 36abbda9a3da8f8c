-- The three headline figures of the season to date, each with what it is a ratio of, its target, and the season before at
-- the same number of season days. Complaints add up: their target is for the whole season, and part of a season is judged
-- against the part of it that is due by then.
with room as (
    select
        season,
        heating_date,
        unit_kind,
        unit_id,
        percent as value,
        cast(complying_household_days as numeric(30, 12)) as numerator,
        cast(judged_household_days as numeric(30, 12)) as denominator
    from {{ ref('room_compliance') }}
    where period = 'to_date' and point_kind = 'all'
),

complaint as (
    select
        season,
        heating_date,
        unit_kind,
        unit_id,
        per_10000_households as value,
        cast(cases as numeric(30, 12)) as numerator,
        served_households as denominator
    from {{ ref('complaint_rate') }}
    where period = 'to_date' and line = 'all' and category = 'all'
),

renewal as (
    select
        season,
        progress_date as heating_date,
        unit_kind,
        unit_id,
        percent as value,
        cast(renewed_within_plan_m as numeric(30, 12)) as numerator,
        cast(planned_length_m as numeric(30, 12)) as denominator
    from {{ ref('renewal_progress') }}
    where work_type = 'renewal' and network_level = 'all'
),

every_kpi as (
    select *, 'room_compliance_percent' as kpi, 'percent' as unit from room
    union all
    select *, 'complaints_per_10000_households', 'cases per 10000 households' from complaint
    union all
    select *, 'renewal_progress_percent', 'percent' from renewal
),

-- The share of its cases the season before had by each of its days, where all of that season is known.
season_before as (
    select
        d.season,
        d.season_day,
        c.numerator / nullif(max(c.numerator) filter (where d.heating_date = d.season_end) over whole, 0) as share
    from complaint as c
    inner join {{ ref('int_season_day') }} as d on c.season = d.season and c.heating_date = d.heating_date
    where c.unit_kind = 'company'
    window whole as (partition by d.season)
),

-- Without it, the days that have passed. A season longer than the one before has all of its target due from that one's last day on.
due as (
    select
        d.season,
        d.heating_date,
        d.season_day > ({{ limit_value('complaint_verdict_min_days') }}) as is_late_enough,
        case
            when b.last_share is null then cast(d.season_day as numeric) / (d.season_end - d.season_start + 1)
            else coalesce(s.share, 1)
        end as share
    from {{ ref('int_season_day') }} as d
    left join (
        select season, max(share) as last_share from season_before group by season
    ) as b on d.previous_season = b.season
    left join season_before as s on d.previous_season = s.season and d.season_day = s.season_day
),

on_season_day as (
    select
        k.season,
        k.heating_date,
        d.season_day,
        d.previous_season,
        k.unit_kind,
        k.unit_id,
        k.kpi,
        k.value,
        k.numerator,
        k.denominator,
        k.unit,
        case when k.kpi = 'complaints_per_10000_households' then u.share else 1 end as due_share,
        k.kpi <> 'complaints_per_10000_households' or u.is_late_enough as is_judged,
        -- The newest earlier season that has this day; the season before or another one.
        lag(k.season) over same_day as compared_season,
        lag(k.value) over same_day as compared_value
    from every_kpi as k
    inner join {{ ref('int_season_day') }} as d on k.season = d.season and k.heating_date = d.heating_date
    inner join due as u on k.season = u.season and k.heating_date = u.heating_date
    window same_day as (partition by k.kpi, k.unit_kind, k.unit_id, d.season_day order by k.heating_date)
),

compared as (
    select
        *,
        case when compared_season = previous_season then compared_value end as previous_value
    from on_season_day
),

targeted as (
    select
        k.*,
        t.value as target,
        t.direction as target_direction,
        t.value * cast(k.due_share as double precision) as target_to_date
    from compared as k
    left join {{ ref('int_kpi_target') }} as t
        on k.kpi = t.kpi and k.heating_date between t.valid_from and t.valid_to
)

select
    k.season,
    k.heating_date,
    cast(k.season_day as int) as season_day,
    k.unit_kind,
    k.unit_id,
    k.kpi,
    k.value,
    k.numerator,
    k.denominator,
    k.unit,
    k.target,
    k.target_to_date,
    k.target_direction,
    case
        when k.value is null then 'no_data'
        when k.target is null then 'no_target'
        when not k.is_judged then 'too_early'
        -- Float noise: compared to 6 decimals.
        when
            (k.target_direction = 'at_least' and round(cast(k.value as numeric), 6) >= round(cast(k.target_to_date as numeric), 6))
            or (k.target_direction = 'at_most' and round(cast(k.value as numeric), 6) <= round(cast(k.target_to_date as numeric), 6))
            then 'met'
        else 'missed'
    end as verdict,
    k.previous_value,
    k.value - k.previous_value as change
from targeted as k
