-- In the side table: all rows of a key that the batch brings with more than one content.
insert into removed
select s.part, s.row_no, 'conflicting'
from standing as s
inner join (
    select {key} from standing as i group by {key} having count(distinct row({i_content})) > 1
) as k using ({key})
