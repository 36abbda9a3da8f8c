-- Files of readings that count for nothing since before a moment, and whose deletion is no act yet: of batches that all gave way to
-- others, or lie in files of later merges. A batch's own file is what it lay in before any merge.
with held as (
    select path, sha256, size_bytes, batch_id, 0 as merge_id
    from ledger.reading_file
    union all
    select f.path, f.sha256, f.size_bytes, m.batch_id, m.merge_id
    from ledger.merged_file as f
    inner join ledger.merged_batch as m using (merge_id)
),
gave_way as (
    select s.batch_id
    from ledger.supersession as s
    inner join ledger.batch as b on s.by_batch_id = b.batch_id
    where b.committed_at < %(before)s::timestamptz
),
merged as (
    select m.batch_id, max(m.merge_id) as merge_id
    from ledger.merged_batch as m
    inner join ledger.reading_merge as r using (merge_id)
    where r.at < %(before)s::timestamptz
    group by m.batch_id
)
select h.path, h.sha256, h.size_bytes
from held as h
left join merged as m using (batch_id)
where not exists (select from ledger.retention_act as a where a.stored_as = h.path and a.subject = 'reading_file')
group by h.path, h.sha256, h.size_bytes
having bool_and(h.batch_id in (select batch_id from gave_way) or coalesce(m.merge_id > h.merge_id, false))
order by h.path
