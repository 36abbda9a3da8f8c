-- What the ledger kept of the rows of these batches when they were loaded.
select batch_id, sum(rows)::bigint, sum(content)
from ledger.reading_file
where batch_id = any(%(batch_ids)s::bigint[])
group by batch_id
