insert into raw.household (
    feed, batch_id, arrived_at, valid_from, file_id, position, sub_position, source_version,
    household_id, building_id, customer_kind
)
select distinct on (household_id)
    %(feed)s::text, %(batch_id)s::bigint, %(arrived_at)s::timestamptz, %(valid_from)s::date, 0, 0, 0, 0,
    household_id, building_id, 'resident'
from named
order by household_id, point_id, building_id, station_id, branch_id
on conflict do nothing
