insert into ledger.reading_merge (merge_id, entity, feed, local_date, run_id, from_files)
values (
    %(merge_id)s::bigint, %(entity)s::text, %(feed)s::text, %(local_date)s::date, %(run_id)s::text, %(from_files)s::text[]
)
