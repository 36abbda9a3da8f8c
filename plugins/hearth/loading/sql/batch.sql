insert into ledger.batch (
    batch_id, feed, entity, kind, status, interval_start, interval_end, pull_id, run_id, contract_hash, suite_hash,
    rows_read, rows_loaded, rows_quarantined, rows_duplicate, note
)
values (
    %(batch_id)s::bigint, %(feed)s::text, %(entity)s::text, %(kind)s::text, %(status)s::text,
    %(interval_start)s::timestamptz, %(interval_end)s::timestamptz, %(pull_id)s::bigint, %(run_id)s::text,
    %(contract_hash)s::text, %(suite_hash)s::text,
    %(rows_read)s::bigint, %(rows_loaded)s::bigint, %(rows_quarantined)s::bigint, %(rows_duplicate)s::bigint, %(note)s::text
)
