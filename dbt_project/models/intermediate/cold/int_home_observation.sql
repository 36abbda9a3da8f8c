-- What is known of the temperature in homes, a row an observation: judged household-days, and what a visitor measured before
-- and after the measure. With the standard of the day and whether the weather was of the kind in which before and after can be
-- compared. Residents only, season days only.
with every_observation as (
    select household_id, heating_date as observed_date, 'measured' as source, value_degc, standard_degc - tolerance_degc as limit_degc
    from {{ ref('int_household_day') }}
    where point_kind = 'all'
    union all
    select v.household_id, v.visited_date, 'visit_before', v.before_degc, s.value_degc - s.tolerance_degc
    from {{ ref('stg_household_visit') }} as v
    inner join {{ ref('stg_temperature_standard') }} as s
        on s.room_type = 'living_room' and v.visited_date between s.valid_from and s.valid_to
    where v.before_degc is not null
    union all
    select v.household_id, v.after_date, 'visit_after', v.after_degc, s.value_degc - s.tolerance_degc
    from {{ ref('stg_household_visit') }} as v
    inner join {{ ref('stg_temperature_standard') }} as s
        on s.room_type = 'living_room' and v.after_date between s.valid_from and s.valid_to
    where v.after_degc is not null
)

select
    d.season,
    d.previous_season,
    o.household_id,
    p.building_id,
    p.community_id,
    p.station_id,
    p.branch_id,
    o.observed_date,
    o.source,
    o.value_degc,
    o.limit_degc,
    round(cast(o.value_degc - o.limit_degc as numeric), 6) < 0 as is_below,
    w.outdoor_degc,
    coalesce(
        round(cast(w.outdoor_degc as numeric), 6)
        between l.comparable_outdoor_min_degc and l.comparable_outdoor_max_degc,
        false
    ) as is_comparable
from every_observation as o
inner join {{ ref('int_season_day') }} as d on o.observed_date = d.heating_date
inner join {{ ref('int_household_place') }} as p
    on o.household_id = p.household_id and o.observed_date between p.from_date and p.to_date
left join {{ ref('int_outdoor_day') }} as w on o.observed_date = w.heating_date
left join {{ ref('int_limit_period') }} as l on o.observed_date between l.valid_from and l.valid_to
where p.customer_kind = 'resident'
