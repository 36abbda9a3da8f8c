-- Where each household is, by stretch of days: its flat, building, station, branch and community. Before the register
-- knows a building or station, the household counts for the company alone.
with building as (
    {{ with_unknown_before(ref('stg_building'), 'building_id', ['community_id', 'station_id', 'network_position']) }}
),

station as (
    {{ with_unknown_before(ref('stg_station'), 'station_id', ['branch_id']) }}
)

select
    h.household_id,
    greatest(h.valid_from, b.valid_from, s.valid_from) as from_date,
    least(h.valid_to_effective, b.valid_to_effective, s.valid_to_effective) as to_date,
    h.customer_kind,
    h.flat_position,
    h.heated_area_m2,
    h.building_id,
    b.network_position,
    b.community_id,
    b.station_id,
    s.branch_id
from {{ ref('stg_household') }} as h
left join building as b
    on h.building_id = b.building_id
    and b.valid_from <= h.valid_to_effective and b.valid_to_effective >= h.valid_from
left join station as s
    on b.station_id = s.station_id
    and s.valid_from <= least(h.valid_to_effective, b.valid_to_effective)
    and s.valid_to_effective >= greatest(h.valid_from, b.valid_from)
where h.valid_to_effective >= h.valid_from
