-- Batches of an entity that stand, whose rows are in its table yet.
select b.batch_id, b.feed, b.rows_loaded, c.raw_columns, c.raw_hash
from ledger.batch_current as b
left join ledger.batch_content as c using (batch_id)
where b.entity = %(entity)s::text
    and b.status = 'loaded'
    and b.rows_loaded > 0
    and not exists (select from ledger.reading_file as f where f.batch_id = b.batch_id)
order by b.batch_id
