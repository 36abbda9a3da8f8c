insert into ledger.validation (batch_id, run_id, subject, suite, suite_hash, success, severity, result)
values (
    %(batch_id)s::bigint, %(run_id)s::text, %(feed)s::text, %(suite)s::text, %(suite_hash)s::text, %(success)s::boolean,
    %(severity)s::text, %(result)s::text::jsonb
)
