-- From the side table: rows that contradict each other, of which nothing says which is right, or of a replay one that is loaded (`why`);
-- `as_came` fills in the record.
select
    i.file_id,
    i.position,
    i.sub_position,
    i.arrived_at,
    'conflicting_duplicate' as reasons,
    null::text as record,
    {subject}::text as subject_id,
    {event_at} as event_at
from incoming as i
inner join removed as r on i.part = r.part and i.row_no = r.row_no
where r.why = %(why)s::text
