insert into raw.measuring_point (
    feed, batch_id, arrived_at, valid_from, file_id, position, sub_position, source_version,
    point_id, household_id, point_kind, room_type, expected_interval_minutes, resolution_degc
)
select distinct on (point_id)
    %(feed)s::text, %(batch_id)s::bigint, %(arrived_at)s::timestamptz, %(valid_from)s::date, 0, 0, 0, 0,
    point_id, household_id, %(point_kind)s::text, %(room_type)s::text,
    %(expected_interval_minutes)s::int, %(resolution_degc)s::double precision
from named
order by point_id, household_id, building_id, station_id, branch_id
on conflict do nothing
