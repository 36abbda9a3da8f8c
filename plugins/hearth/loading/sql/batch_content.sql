insert into ledger.batch_content (batch_id, landed_records, landed_sums, raw_columns, raw_hash, quarantine_hash)
select
    %(batch_id)s::bigint,
    %(landed_records)s::bigint,
    %(landed_sums)s::text::jsonb,
    string_to_array(%(raw_columns)s::text, ','),
    %(raw_hash)s::text::numeric,
    (
        select coalesce(sum(hash_record_extended(row({q_hashed}), 0)), 0)
        from quarantine.row as q
        where q.batch_id = %(batch_id)s::bigint
    )
