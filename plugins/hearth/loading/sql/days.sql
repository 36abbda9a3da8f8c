-- Accepted rows by the local day of their event: how many, how late, out of order, repeated; one look at the rows.
with day as materialized (
    select
        {event_date} as event_date,
        count(*) as rows,
        count(*) filter (where arrived_at > {happened_at} + make_interval(hours => %(lateness_hours)s::int)) as late,
        sum(greatest(extract(epoch from arrived_at - {happened_at}), 0)) as delay
    from incoming
    group by 1
),

unordered as (
    select k::date as event_date, v::bigint as rows from jsonb_each_text(%(out_of_order)s::text::jsonb) as o (k, v)
),

again as (
    select event_date, count(*) as rows from repeated_row group by 1
),

known as (
    insert into ledger.batch_day (batch_id, event_date, entity, rows)
    select %(batch_id)s::bigint, event_date, %(entity)s::text, rows from day
)

insert into ledger.batch_quality_day (
    batch_id, event_date, rows_loaded, rows_late, delay_seconds, rows_out_of_order, rows_duplicate
)
select
    %(batch_id)s::bigint, event_date, d.rows, d.late, d.delay, least(coalesce(u.rows, 0), d.rows), coalesce(a.rows, 0)
from day as d
left join unordered as u using (event_date)
left join again as a using (event_date)
