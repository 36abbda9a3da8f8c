-- What the rows that were loaded lack, counted from the rows themselves.
insert into ledger.batch_left_out (batch_id, column_name, reason, number)
select %(batch_id)s::bigint, split_part(cell, ':', 1), split_part(cell, ':', 2), count(*)
from incoming as i
cross join unnest(string_to_array(i.{left_out}, ',')) as cell
where i.{left_out} is not null
group by 2, 3
