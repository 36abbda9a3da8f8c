-- In the side table: all rows of a key that the batch brings with more than one content.
insert into removed
select i.part, i.row_no, 'conflicting'
from standing as i
inner join (
    select {key} from standing as i group by {key} having count(distinct row({i_content})) > 1
) as k using ({key})
