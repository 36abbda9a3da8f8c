-- One row per heating system and time. A day that is exported again says the same; a reading that lacks no channel goes before one
-- that does, then what was sent live before a replay.
select
    r.system_id,
    r.station_id,
    r.read_at,
    {{ local_date('r.read_at') }} as heating_date,
    r.primary_supply_degc,
    r.primary_return_degc,
    r.secondary_supply_degc,
    r.secondary_return_degc,
    r.primary_supply_mpa,
    r.primary_return_mpa,
    r.secondary_supply_mpa,
    r.secondary_return_mpa,
    r.flow_m3_h,
    r.heat_kw,
    r.heat_counter_gj,
    r.valve_percent,
    r.make_up_m3_h,
    r.left_out,
    r.feed,
    r.batch_id,
    r.file_id,
    r.position,
    r.arrived_at
from {{ picked(
    source('raw', 'station_reading'), ['r.system_id', 'r.read_at'], before_arrival='(r.left_out is not null) asc, coalesce(r.is_replay, false) asc'
) }} as r
cross join {{ ref('stg_place') }} as place
