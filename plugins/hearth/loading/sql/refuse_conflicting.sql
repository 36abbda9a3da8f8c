-- Nothing in the batch says which of them is right, so all of them are refused; `as_came` fills in the record.
insert into refused
select i.file_id, i.position, i.sub_position, i.arrived_at, 'conflicting_duplicate', null::text, {subject}::text, {event_at}
from incoming as i
inner join conflicting using ({key})
