-- In the side table: rows of the batch that share their key with another one of it.
create table again as
select i.*
from incoming as i
inner join (select {key} from incoming group by {key} having count(*) > 1) as k using ({key})
