-- Such a row says itself that it is not the right one of its key: it is refused by what it lacks, and the whole one stands;
-- `as_came` fills in the record.
insert into refused
select
    i.file_id,
    i.position,
    i.sub_position,
    i.arrived_at,
    (
        select string_agg(distinct split_part(cell, ':', 2), ',')
        from unnest(string_to_array(i.{left_out}, ',')) as cell
    ),
    null::text,
    {subject}::text,
    {event_at}
from incoming as i
inner join lacking using ({key})
where i.{left_out} is not null
