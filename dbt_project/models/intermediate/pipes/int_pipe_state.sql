-- Segments of each register's newest export with their age and what the maintenance log says of them. A failure before a
-- segment was laid anew is the old pipe's. It is the new one from the first export that shows its year; the year's end is the
-- latest, for a register may begin, or be brought up to date, long after.
with export as (
    select *, max(export_no) over (partition by feed) as newest_export_no
    from {{ ref('int_pipe_segment_export') }}
),

shown as (
    select feed, segment_no, year_laid, min(export_date) as first_shown_date
    from export
    group by feed, segment_no, year_laid
),

record as (
    select min(reported_date) as record_from, max(reported_date) as record_to from {{ ref('stg_maintenance_order') }}
),

failure as (
    select asset_id as segment_no, reported_date
    from {{ ref('stg_maintenance_order') }}
    where kind in ('fault', 'emergency') and asset_kind = 'pipe_segment' and asset_id is not null
),

segment as (
    select
        n.*,
        r.record_from,
        r.record_to,
        greatest(r.record_from, least(w.first_shown_date, make_date(n.year_laid + 1, 1, 1))) as watched_from
    from export as n
    left join shown as w on n.feed = w.feed and n.segment_no = w.segment_no and n.year_laid = w.year_laid
    cross join record as r
    where n.export_no = n.newest_export_no
),

counted as (
    select s.feed, s.segment_no, count(*) as failures, max(f.reported_date) as last_failure_date
    from segment as s
    inner join failure as f on s.segment_no = f.segment_no and f.reported_date >= s.watched_from
    group by s.feed, s.segment_no
)

select
    s.feed,
    s.export_date,
    s.segment_no,
    s.network_level,
    s.dn_mm,
    s.material,
    s.insulation,
    s.laying_way,
    s.length_m,
    s.year_laid,
    s.owner,
    cast(date_part('year', s.export_date) as int) - s.year_laid as age_years,
    -- Without any log of orders nobody knows that nothing failed.
    case when s.record_from is not null then coalesce(c.failures, 0) end as failures,
    c.last_failure_date,
    case when s.record_to > s.watched_from then cast(s.record_to - s.watched_from + 1 as double precision) / 365.25 end as watched_years
from segment as s
left join counted as c on s.feed = c.feed and s.segment_no = c.segment_no
