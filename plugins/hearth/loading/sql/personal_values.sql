insert into restricted.personal_value (value_hash, kind, value, first_batch_id)
select distinct on (value_hash) value_hash, kind, value, %(batch_id)s::bigint
from personal
on conflict do nothing
