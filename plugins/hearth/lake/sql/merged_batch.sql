insert into ledger.merged_batch (merge_id, batch_id, rows, content)
values (%(merge_id)s::bigint, %(batch_id)s::bigint, %(rows)s::bigint, %(content)s::text::numeric)
