-- In the side table: of rows of one key with all channels and with some left out, those that lack some.
insert into removed
select i.part, i.row_no, 'lacking'
from standing as i
inner join (
    select {key} from standing group by {key} having bool_or({left_out} is null) and bool_or({left_out} is not null)
) as k using ({key})
where i.{left_out} is not null
