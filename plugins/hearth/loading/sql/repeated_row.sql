-- Rows whose key and content the batch has already, and the local day each happened on.
insert into repeated_row (place, event_date)
select place, event_date
from (
    select
        i.ctid as place,
        {event_date} as event_date,
        row_number() over (partition by {key} order by i.file_id, i.position, i.sub_position) as nth
    from incoming as i
    inner join repeated using ({key})
) as numbered
where nth > 1
