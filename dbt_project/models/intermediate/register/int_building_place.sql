{{ config(materialized='view') }}
-- Where each building is, by stretch of days: its community, station and branch; empty where the register does not know the station.
with station as (
    {{ with_unknown_before(ref('stg_station'), 'station_id', ['branch_id']) }}
)

select
    b.building_id,
    greatest(b.valid_from, s.valid_from) as from_date,
    least(b.valid_to_effective, s.valid_to_effective) as to_date,
    b.community_id,
    b.station_id,
    s.branch_id
from {{ ref('stg_building') }} as b
left join station as s
    on b.station_id = s.station_id and s.valid_from <= b.valid_to_effective and s.valid_to_effective >= b.valid_from
