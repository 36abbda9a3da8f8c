-- `left_out`: what the rows that were loaded lack, as JSON.
insert into ledger.batch_left_out (batch_id, column_name, reason, number)
select %(batch_id)s::bigint, column_name, reason, number
from jsonb_to_recordset(%(left_out)s::text::jsonb) as l (column_name text, reason text, number bigint)
