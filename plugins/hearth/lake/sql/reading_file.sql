insert into ledger.reading_file (
    batch_id, part, feed, entity, path, sha256, size_bytes, rows, content, event_from, event_to, arrived_from, arrived_to
)
values (
    %(batch_id)s::bigint, %(part)s::int, %(feed)s::text, %(entity)s::text, %(path)s::text, %(sha256)s::text, %(size_bytes)s::bigint,
    %(rows)s::bigint, %(content)s::text::numeric, %(event_from)s::timestamptz, %(event_to)s::timestamptz,
    %(arrived_from)s::timestamptz, %(arrived_to)s::timestamptz
)
