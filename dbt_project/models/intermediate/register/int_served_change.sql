-- When active, not suspended resident homes come and go, added up by stratum (station, place on the network, place of the
-- flat) and community, each change on the first season day that is not before it. The days in between are a running sum of
-- it: a city has 270,000 homes and few changes in a season. Area in whole dm2, so that sums are exact.
with spell as (
    select
        household_id,
        branch_id,
        station_id,
        community_id,
        network_position,
        flat_position,
        from_date,
        to_date,
        coalesce(cast(round(heated_area_m2 * 100) as bigint), 0) as area_dm2
    from {{ ref('int_household_place') }}
    where customer_kind = 'resident' and from_date <= to_date
),

suspended as (
    select
        p.branch_id,
        p.station_id,
        p.community_id,
        p.network_position,
        p.flat_position,
        greatest(p.from_date, s.suspended_from) as from_date,
        least(p.to_date, s.suspended_to) as to_date,
        p.area_dm2
    from spell as p
    inner join {{ ref('stg_household_suspension') }} as s
        on p.household_id = s.household_id and s.suspended_from <= p.to_date and s.suspended_to >= p.from_date
),

step as (
    select branch_id, station_id, community_id, network_position, flat_position, from_date as step_date, 1 as homes, area_dm2
    from spell
    union all
    select branch_id, station_id, community_id, network_position, flat_position, to_date + 1, -1, -area_dm2
    from spell
    where to_date < {{ forever() }}
    union all
    select branch_id, station_id, community_id, network_position, flat_position, from_date, -1, -area_dm2
    from suspended
    union all
    select branch_id, station_id, community_id, network_position, flat_position, to_date + 1, 1, area_dm2
    from suspended
    where to_date < {{ forever() }}
),

counted_from as (
    select s.step_date, min(d.heating_date) as heating_date
    from (select distinct step_date from step) as s
    inner join {{ ref('int_season_day') }} as d on s.step_date <= d.heating_date
    group by s.step_date
)

select
    s.branch_id,
    s.station_id,
    s.community_id,
    s.network_position,
    s.flat_position,
    f.heating_date,
    cast(sum(s.homes) as bigint) as homes,
    cast(sum(s.area_dm2) as bigint) as area_dm2
from step as s
inner join counted_from as f on s.step_date = f.step_date
group by s.branch_id, s.station_id, s.community_id, s.network_position, s.flat_position, f.heating_date
having sum(s.homes) <> 0 or sum(s.area_dm2) <> 0
