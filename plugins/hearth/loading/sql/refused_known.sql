-- From the side table: a replayed row whose key is loaded with other content; `as_came` fills in the record.
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
where r.why = 'other_than_known'
