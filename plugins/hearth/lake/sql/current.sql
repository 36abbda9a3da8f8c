-- Files of the batches that stand, of one entity; those that hold something of the asked time.
select f.path, f.sha256, f.batch_id, f.part, f.rows, f.content
from ledger.reading_file as f
inner join ledger.batch_current as b using (batch_id)
where b.status = 'loaded'
    and f.entity = %(entity)s::text
    and (%(feed)s::text is null or f.feed = %(feed)s::text)
    and f.event_to >= coalesce(%(since)s::timestamptz, '-infinity')
    and f.event_from < coalesce(%(until)s::timestamptz, 'infinity')
order by f.batch_id, f.part
