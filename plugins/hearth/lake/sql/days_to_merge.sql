-- Days of settled batches, by the local day their intervals lie in, that twice as many files hold as would do, or files with rows that
-- count no more. A day that one merge holds whole is done.
with standing as (
    select
        b.entity, b.feed, (b.interval_start at time zone %(zone)s::text)::date as local_date, b.batch_id, b.rows_loaded,
        max(m.merge_id) as merge_id
    from ledger.batch_current as b
    left join ledger.merged_batch as m using (batch_id)
    where b.status = 'loaded'
        and b.interval_end <= %(before)s::timestamptz
        and (%(feed)s::text is null or b.feed = %(feed)s::text)
        and (b.interval_start at time zone %(zone)s::text)::date
        = ((b.interval_end - interval '1 microsecond') at time zone %(zone)s::text)::date
        and exists (select from ledger.reading_file as f where f.batch_id = b.batch_id)
    group by b.entity, b.feed, b.interval_start, b.batch_id, b.rows_loaded
),
with_dead_rows as (
    select distinct m.merge_id
    from ledger.merged_batch as m
    where m.merge_id in (select merge_id from standing)
        and (
            exists (select from ledger.supersession as s where s.batch_id = m.batch_id)
            or exists (select from ledger.merged_batch as n where n.batch_id = m.batch_id and n.merge_id > m.merge_id)
        )
),
lying as (
    select s.entity, s.feed, s.local_date, f.path
    from standing as s
    inner join ledger.reading_file as f using (batch_id)
    where s.merge_id is null
    union
    select s.entity, s.feed, s.local_date, f.path
    from standing as s
    inner join ledger.merged_file as f using (merge_id)
),
days as (
    select
        entity, feed, local_date,
        array_agg(batch_id order by batch_id) as batch_ids,
        ceil(sum(rows_loaded) / %(rows_a_file)s::numeric) as files_that_do,
        count(distinct merge_id) = 1 and count(merge_id) = count(*) as is_one_merge,
        bool_or(coalesce(merge_id in (select merge_id from with_dead_rows), false)) as has_dead_rows
    from standing
    group by entity, feed, local_date
)
select d.entity, d.feed, d.local_date, d.batch_ids
from days as d
inner join (select entity, feed, local_date, count(*) as files from lying group by entity, feed, local_date) as l
    using (entity, feed, local_date)
where d.has_dead_rows
    or (not d.is_one_merge and l.files >= 2 * d.files_that_do)
order by d.entity, d.feed, d.local_date
