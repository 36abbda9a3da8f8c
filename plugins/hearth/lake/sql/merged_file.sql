insert into ledger.merged_file (merge_id, part, path, sha256, size_bytes, rows, event_from, event_to)
values (
    %(merge_id)s::bigint, %(part)s::int, %(path)s::text, %(sha256)s::text, %(size_bytes)s::bigint, %(rows)s::bigint,
    %(event_from)s::timestamptz, %(event_to)s::timestamptz
)
