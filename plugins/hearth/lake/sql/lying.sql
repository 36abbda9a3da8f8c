-- Files in which the rows of these batches lie, whether they stand or not: those of the last merge that names a batch, else its own.
with placed as (
    select b.batch_id, max(m.merge_id) as merge_id
    from unnest(%(batch_ids)s::bigint[]) as b (batch_id)
    left join ledger.merged_batch as m using (batch_id)
    group by b.batch_id
)
select f.path, f.sha256, f.rows
from ledger.reading_file as f
inner join placed as p using (batch_id)
where p.merge_id is null
union
select f.path, f.sha256, f.rows
from ledger.merged_file as f
inner join placed as p using (merge_id)
order by path
