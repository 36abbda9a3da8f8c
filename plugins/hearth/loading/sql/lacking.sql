-- Keys that the batch brings both with all channels and with some left out.
create temp table lacking on commit drop as
select {key}
from incoming as i
inner join repeated using ({key})
group by {key}
having bool_or(i.{left_out} is null) and bool_or(i.{left_out} is not null)
