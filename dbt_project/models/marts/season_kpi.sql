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

on_season_day as materialized (
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
        k.unit
    from every_kpi as k
    inner join {{ ref('int_season_day') }} as d on k.season = d.season and k.heating_date = d.heating_date
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
    b.value as previous_value,
    k.value - b.value as change
from on_season_day as k
left join {{ ref('int_kpi_target') }} as t
    on k.kpi = t.kpi and k.heating_date between t.valid_from and t.valid_to
left join on_season_day as b
    on k.previous_season = b.season and k.season_day = b.season_day
    and k.unit_kind = b.unit_kind and k.unit_id = b.unit_id and k.kpi = b.kpi
