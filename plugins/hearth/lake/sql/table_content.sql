-- Rows of a batch in its table, and the digest that was kept of them when they were loaded.
select count(*), coalesce(sum(hash_record_extended(row({columns}), 0)), 0)
from {table}
where batch_id = %(batch_id)s::bigint
