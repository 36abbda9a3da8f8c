-- One row per point and time of reading, over all feeds. A correction beats what it corrects, and a stale replay from a
-- collector's memory never beats a correction.
select
    r.point_id,
    r.read_at,
    {{ local_date('r.read_at') }} as heating_date,
    r.temperature_degc,
    coalesce(r.is_replay, false) as is_replay,
    r.battery_v,
    r.height_m,
    r.place_in_room,
    r.windows_closed_minutes,
    r.instrument_no,
    r.calibrated_on,
    r.is_signed,
    r.visit_no,
    r.feed,
    r.batch_id,
    r.file_id,
    r.position,
    r.sub_position,
    r.arrived_at,
    r.source_version
from {{ picked(
    source('raw', 'room_reading'), ['r.point_id', 'r.read_at'],
    before_arrival='coalesce(r.is_replay, false) asc', key_order='r.read_at desc'
) }} as r
cross join {{ ref('stg_place') }} as place
