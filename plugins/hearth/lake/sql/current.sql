-- Files with rows of the batches that stand, of one entity: a batch lies in the files of the last merge that names it, else in its own.
-- `gone`: batches whose rows in a file count no more. With times, only files that hold something of them.
with placed as (
    select b.batch_id, max(m.merge_id) as merge_id
    from ledger.batch_current as b
    left join ledger.merged_batch as m using (batch_id)
    where b.status = 'loaded'
        and b.entity = %(entity)s::text
        and (%(feed)s::text is null or b.feed = %(feed)s::text)
    group by b.batch_id
),
merged as (
    select m.merge_id, coalesce(array_agg(m.batch_id order by m.batch_id) filter (where p.batch_id is null), '{}') as gone
    from ledger.merged_batch as m
    left join placed as p using (batch_id, merge_id)
    where m.merge_id in (select merge_id from placed)
    group by m.merge_id
),
lying as (
    select f.path, f.sha256, f.rows, '{}'::bigint[] as gone, f.event_from, f.event_to
    from ledger.reading_file as f
    inner join placed as p using (batch_id)
    where p.merge_id is null
    union all
    select f.path, f.sha256, f.rows, m.gone, f.event_from, f.event_to
    from ledger.merged_file as f
    inner join merged as m using (merge_id)
)
select path, sha256, rows, gone
from lying
where event_to >= coalesce(%(since)s::timestamptz, '-infinity')
    and event_from < coalesce(%(until)s::timestamptz, 'infinity')
order by path
