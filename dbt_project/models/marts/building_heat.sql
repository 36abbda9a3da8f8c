-- Heat of each metered building in the season so far, and how warm its water goes back: the worst first, where its meters tell enough.
-- A building with a meter of its own is told by it, else by the meters of its homes over their own area.
with season as (
    select
        season,
        max(heating_date) as last_date,
        count(*) as days
    from {{ ref('int_season_day') }}
    group by season
),

meter as (
    select
        *,
        household_id is null as is_of_building,
        bool_or(household_id is null and told_days > 0) over (partition by season, building_id) as has_own_meter
    from {{ ref('int_heat_meter_season') }}
),

home as (
    select
        s.season,
        p.household_id,
        p.building_id,
        cast(p.heated_area_m2 as numeric) as area_m2
    from season as s
    inner join {{ ref('int_household_place') }} as p on s.last_date between p.from_date and p.to_date
    where p.building_id in (select building_id from meter)
),

whole_area as (
    select
        season,
        building_id,
        sum(area_m2) as area_m2
    from home
    group by season, building_id
),

metered_area as (
    select
        h.season,
        m.building_id,
        sum(h.area_m2) as area_m2
    from (select distinct season, building_id, household_id from meter where not is_of_building and told_days > 0) as m
    inner join home as h on m.season = h.season and m.household_id = h.household_id
    group by h.season, m.building_id
),

summed as (
    select
        season,
        building_id,
        bool_or(is_of_building) as is_of_building,
        count(*) as meters,
        sum(told_days) as told_days,
        sum(heat_gj) as heat_gj,
        sum(heat_gj / nullif(told_days, 0)) as gj_a_day,
        sum(supply_m3_degc) / nullif(sum(weighed_m3), 0) as supply_by_counter,
        sum(return_m3_degc) / nullif(sum(weighed_m3), 0) as return_by_counter,
        sum(supply_m3_h_degc) / nullif(sum(flow_m3_h), 0) as supply_by_flow,
        sum(return_m3_h_degc) / nullif(sum(flow_m3_h), 0) as return_by_flow,
        sum(new_beginnings) as new_beginnings,
        sum(steps_not_counted) as steps_not_counted
    from meter
    where is_of_building = has_own_meter
    group by season, building_id
),

told as (
    select
        b.*,
        s.last_date,
        s.days,
        l.meter_min_told_share,
        b.told_days / cast(b.meters * s.days as numeric) as told_share,
        case when b.is_of_building then w.area_m2 else a.area_m2 end as area_m2
    from summed as b
    inner join season as s on b.season = s.season
    inner join {{ ref('int_limit_period') }} as l on s.last_date between l.valid_from and l.valid_to
    left join whole_area as w on b.season = w.season and b.building_id = w.building_id
    left join metered_area as a on b.season = a.season and b.building_id = a.building_id
),

figured as (
    select
        *,
        heat_gj / nullif(area_m2, 0) as heat_gj_m2,
        gj_a_day * 1e9 / 86400 / nullif(area_m2, 0) as heat_w_m2,
        coalesce(supply_by_counter, supply_by_flow) as supply_degc,
        coalesce(return_by_counter, return_by_flow) as return_degc,
        told_share >= cast(meter_min_told_share as numeric) as is_ranked
    from told
)

select
    f.season,
    f.building_id,
    p.community_id,
    p.station_id,
    p.branch_id,
    case when f.is_of_building then 'building' else 'households' end as told_by,
    cast(f.meters as int) as meters,
    cast(f.told_share as double precision) as told_share,
    cast(f.area_m2 as double precision) as area_m2,
    cast(f.heat_gj as double precision) as heat_gj,
    cast(f.heat_gj_m2 as double precision) as heat_gj_m2,
    cast(f.heat_w_m2 as double precision) as heat_w_m2,
    cast(f.supply_degc as double precision) as supply_degc,
    cast(f.return_degc as double precision) as return_degc,
    case when f.return_by_counter is not null then 'counter' when f.return_by_flow is not null then 'flow' end as temperatures_by,
    cast(f.new_beginnings as int) as new_beginnings,
    cast(f.steps_not_counted as int) as steps_not_counted,
    case
        when f.is_ranked and f.heat_w_m2 is not null
            then cast(rank() over (partition by f.season, f.is_ranked order by f.heat_w_m2 desc nulls last) as int)
    end as heat_rank,
    case
        when f.is_ranked and f.return_degc is not null
            then cast(rank() over (partition by f.season, f.is_ranked order by f.return_degc desc nulls last) as int)
    end as return_rank
from figured as f
left join {{ ref('int_building_place') }} as p on f.building_id = p.building_id and f.last_date between p.from_date and p.to_date
