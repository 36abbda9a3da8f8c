insert into raw.building (
    feed, batch_id, arrived_at, valid_from, file_id, position, sub_position, source_version, building_id, station_id, community_id
)
select distinct on (building_id)
    %(feed)s::text, %(batch_id)s::bigint, %(arrived_at)s::timestamptz, %(valid_from)s::date, 0, 0, 0, 0,
    building_id, station_id, building_id
from named
order by building_id, point_id, household_id, station_id, branch_id
on conflict do nothing
