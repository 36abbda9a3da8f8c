-- From the side table: such a row says itself that it is not the right one of its key: it is refused by what it lacks, and the whole
-- one stands; `as_came` fills in the record.
select
    i.file_id,
    i.position,
    i.sub_position,
    i.arrived_at,
    (
        select string_agg(distinct split_part(cell, ':', 2), ',')
        from unnest(string_split(i.{left_out}, ',')) as u (cell)
    ) as reasons,
    null::text as record,
    {subject}::text as subject_id,
    {event_at} as event_at
from incoming as i
inner join removed as r on i.part = r.part and i.row_no = r.row_no
where r.why = 'lacking'
