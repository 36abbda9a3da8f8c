insert into raw.measuring_point (
    feed, batch_id, arrived_at, valid_from, file_id, position, sub_position, source_version,
    point_id, household_id, point_kind, room_type, expected_interval_minutes, resolution_degc
)
select distinct on (n.point_id)
    %(feed)s::text, %(batch_id)s::bigint, %(arrived_at)s::timestamptz, coalesce(e.valid_from, %(valid_from)s::date), 0, 0, 0, 0,
    n.point_id, n.household_id, %(point_kind)s::text, coalesce(e.room_type, %(room_type)s::text),
    coalesce(e.expected_interval_minutes, %(expected_interval_minutes)s::int),
    coalesce(e.resolution_degc, %(resolution_degc)s::double precision)
from named as n
left join jsonb_to_recordset(%(each)s::jsonb) as e (
    point_id text, valid_from date, room_type text, expected_interval_minutes int, resolution_degc double precision
) on n.point_id = e.point_id
order by n.point_id, n.household_id, n.building_id, n.station_id, n.branch_id
on conflict do nothing
