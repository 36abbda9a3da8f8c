insert into raw.station (
    feed, batch_id, arrived_at, valid_from, file_id, position, sub_position, source_version, station_id, branch_id, branch_name
)
select distinct on (station_id)
    %(feed)s::text, %(batch_id)s::bigint, %(arrived_at)s::timestamptz, %(valid_from)s::date, 0, 0, 0, 0,
    station_id, branch_id, branch_id
from named
order by station_id, point_id, household_id, building_id, branch_id
on conflict do nothing
