-- What each heat meter counted from one standing to the next, as far as it can be believed. Decimal numbers, so that no order can show.
with standing as (
    select
        d.meter_id,
        d.building_id,
        d.household_id,
        d.heating_date,
        d.standing_us,
        cast(d.heat_counter_gj as numeric) as gj,
        cast(d.volume_counter_m3 as numeric) as m3,
        cast(d.supply_counter_m3_degc as numeric) as supply_m3_degc,
        cast(d.return_counter_m3_degc as numeric) as return_m3_degc,
        -- A kilowatt is a millionth of a GJ a second.
        cast(case when d.household_id is null then l.building_meter_max_kw else l.household_meter_max_kw end as numeric) / 1e12 as most_gj_per_us,
        cast(l.water_max_degc as numeric) as water_max_degc
    from {{ source('reduced', 'heat_meter_day') }} as d
    inner join {{ ref('int_limit_period') }} as l on d.heating_date between l.valid_from and l.valid_to
),

beside as (
    select
        *,
        gj - lag(gj) over meter as risen,
        (standing_us - lag(standing_us) over meter) * most_gj_per_us as can_rise,
        lead(gj) over meter - lag(gj) over meter as risen_over_it,
        (lead(standing_us) over meter - lag(standing_us) over meter) * most_gj_per_us as can_rise_over_it
    from standing
    window meter as (partition by meter_id order by heating_date)
),

doubted as (
    select
        *,
        coalesce((risen < 0 or risen > can_rise) and risen_over_it between 0 and can_rise_over_it, false) as is_doubted
    from beside
),

-- The one after a standing that lies is doubted as well, beside it: of a row of doubted ones each second is sound.
numbered as (
    select
        *,
        count(*) filter (where not is_doubted) over (partition by meter_id order by heating_date) as row_no
    from doubted
),

sound as (
    select *
    from (select *, row_number() over (partition by meter_id, row_no order by heating_date) as nth from numbered) as n
    where not (is_doubted and nth % 2 = 0)
),

step as (
    select
        *,
        lag(heating_date) over meter as from_date,
        gj - lag(gj) over meter as rise,
        (standing_us - lag(standing_us) over meter) * most_gj_per_us as most_gj,
        m3 - lag(m3) over meter as risen_m3,
        supply_m3_degc - lag(supply_m3_degc) over meter as risen_supply,
        return_m3_degc - lag(return_m3_degc) over meter as risen_return
    from sound
    window meter as (partition by meter_id order by heating_date)
),

judged as (
    select
        *,
        case
            when rise between 0 and most_gj then 'counted'
            when rise > most_gj then 'leap'
            when gj <= most_gj and -rise > most_gj then 'begun_anew'
            else 'fall'
        end as step_kind
    from step
    where from_date is not null
),

used as (
    select
        *,
        case step_kind when 'counted' then rise when 'begun_anew' then gj end as used_gj,
        case step_kind when 'counted' then risen_m3 when 'begun_anew' then m3 end as used_m3,
        case step_kind when 'counted' then risen_supply when 'begun_anew' then supply_m3_degc end as used_supply,
        case step_kind when 'counted' then risen_return when 'begun_anew' then return_m3_degc end as used_return
    from judged
)

select
    meter_id,
    building_id,
    household_id,
    from_date,
    heating_date as to_date,
    step_kind,
    used_gj,
    case when is_weighed then used_m3 end as weighed_m3,
    case when is_weighed then used_supply end as supply_m3_degc,
    case when is_weighed then used_return end as return_m3_degc
from used
cross join lateral (
    select
        used_m3 > 0
        and used_supply between 0 and used_m3 * water_max_degc
        and used_return between 0 and used_m3 * water_max_degc as is_weighed
) as w
