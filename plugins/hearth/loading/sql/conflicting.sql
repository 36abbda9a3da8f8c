-- Keys that the batch brings with more than one content.
create temp table conflicting on commit drop as
select {key}
from incoming as i
inner join repeated using ({key})
group by {key}
having count(distinct md5(row({i_content})::text)) > 1
