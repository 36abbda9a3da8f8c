-- The three headline figures of the season to date, each with what it is a ratio of, its target, and the season before at
-- the same number of season days.
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
        cast(renewed_length_m as numeric(30, 12)) as numerator,
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
        -- The newest earlier season that has this day; the season before or another one.
        lag(k.season) over same_day as compared_season,
        lag(k.value) over same_day as compared_value
    from every_kpi as k
    inner join {{ ref('int_season_day') }} as d on k.season = d.season and k.heating_date = d.heating_date
    window same_day as (partition by k.kpi, k.unit_kind, k.unit_id, d.season_day order by k.heating_date)
),

compared as (
    select
        *,
        case when compared_season = previous_season then compared_value end as previous_value
    from on_season_day
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
    t.value as target,
    t.direction as target_direction,
    case
        when k.value is null then 'no_data'
        when t.value is null then 'no_target'
        -- Float noise: compared to 6 decimals.
        when
            (t.direction = 'at_least' and round(cast(k.value as numeric), 6) >= round(cast(t.value as numeric), 6))
            or (t.direction = 'at_most' and round(cast(k.value as numeric), 6) <= round(cast(t.value as numeric), 6))
            then 'met'
        else 'missed'
    end as verdict,
    k.previous_value,
    k.value - k.previous_value as change
from compared as k
left join {{ ref('int_kpi_target') }} as t
    on k.kpi = t.kpi and k.heating_date between t.valid_from and t.valid_to
