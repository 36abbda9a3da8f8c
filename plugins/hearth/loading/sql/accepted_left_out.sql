-- From the side table: what the rows that are loaded lack, counted from the rows themselves.
select split_part(cell, ':', 1) as column_name, split_part(cell, ':', 2) as reason, count(*) as number
from settled as i
cross join unnest(string_split(i.{left_out}, ',')) as u (cell)
where i.{left_out} is not null
group by 1, 2
order by 1, 2
