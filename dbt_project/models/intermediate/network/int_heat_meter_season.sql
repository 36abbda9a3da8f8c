-- Each heat meter in each season so far: what it counted on how many heating days, and its water. A step is shared evenly among its
-- heating days, which may be of two seasons. In whole billionths.
with season as (
    select
        season,
        min(heating_date) as first_date,
        max(heating_date) as last_date
    from {{ ref('int_season_day') }}
    group by season
),

share as (
    select
        s.*,
        d.season,
        least(s.to_date, d.last_date) - greatest(s.from_date, d.first_date - 1) as days
    from {{ ref('int_heat_meter_step') }} as s
    inner join season as d on s.to_date >= d.first_date and s.from_date < d.last_date
),

part as (
    select
        *,
        cast(days as numeric) / sum(days) over (partition by meter_id, to_date) as of_step
    from share
),

counted as (
    select
        season,
        meter_id,
        (array_agg(building_id order by to_date desc))[1] as building_id,
        (array_agg(household_id order by to_date desc))[1] as household_id,
        coalesce(sum(days) filter (where used_gj is not null), 0) as told_days,
        trim_scale(round(sum(used_gj * of_step), 9)) as heat_gj,
        trim_scale(round(sum(weighed_m3 * of_step), 9)) as weighed_m3,
        trim_scale(round(sum(supply_m3_degc * of_step), 9)) as supply_m3_degc,
        trim_scale(round(sum(return_m3_degc * of_step), 9)) as return_m3_degc,
        count(*) filter (where step_kind = 'begun_anew') as new_beginnings,
        count(*) filter (where step_kind in ('fall', 'leap')) as steps_not_counted
    from part
    group by season, meter_id
),

-- Each day weighs as its mean flow.
flowed as (
    select
        d.season,
        m.meter_id,
        trim_scale(round(sum(m.flow_m3_h / m.flow_readings), 9)) as flow_m3_h,
        trim_scale(round(sum(m.supply_m3_h_degc / m.flow_readings), 9)) as supply_m3_h_degc,
        trim_scale(round(sum(m.return_m3_h_degc / m.flow_readings), 9)) as return_m3_h_degc
    from {{ source('reduced', 'heat_meter_day') }} as m
    inner join {{ ref('int_season_day') }} as d on m.heating_date = d.heating_date
    where m.flow_readings > 0
    group by d.season, m.meter_id
)

select
    c.season,
    c.meter_id,
    c.building_id,
    c.household_id,
    c.told_days,
    c.heat_gj,
    c.weighed_m3,
    c.supply_m3_degc,
    c.return_m3_degc,
    f.flow_m3_h,
    f.supply_m3_h_degc,
    f.return_m3_h_degc,
    c.new_beginnings,
    c.steps_not_counted
from counted as c
left join flowed as f on c.season = f.season and c.meter_id = f.meter_id
