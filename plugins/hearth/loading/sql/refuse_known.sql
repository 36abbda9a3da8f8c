-- A replayed row whose key raw holds with other content; `as_came` fills in the record.
insert into refused
select i.file_id, i.position, i.sub_position, i.arrived_at, 'conflicting_duplicate', null::text, {subject}::text, {event_at}
from incoming as i
inner join {raw_table} as r on r.feed = %(feed)s::text and {i_key} = {r_key}
