-- Nothing in the batch says which of them is right, so all of them are refused.
insert into refused
select i.file_id, i.position, i.sub_position, i.arrived_at, 'conflicting_duplicate', to_jsonb(i)::text, {subject}::text, {event_at}
from incoming as i
inner join conflicting using ({key})
