select path, sha256, batch_id, part, rows, content
from ledger.reading_file
where batch_id = any(%(batch_ids)s::bigint[])
order by batch_id, part
