-- In the side table: rows whose key and content the batch has already.
insert into removed
select part, row_no, 'repeated'
from (
    select part, row_no, row_number() over (partition by {key} order by file_id, position, sub_position) as nth from standing
) as numbered
where nth > 1
