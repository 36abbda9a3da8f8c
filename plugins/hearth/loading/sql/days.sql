-- `days`: accepted rows by the local day of their event, as JSON.
with day as materialized (
    select *
    from jsonb_to_recordset(%(days)s::text::jsonb) as d (
        event_date date, rows_loaded bigint, rows_late bigint, delay_us bigint, rows_out_of_order bigint, rows_duplicate bigint
    )
),

known as (
    insert into ledger.batch_day (batch_id, event_date, entity, rows)
    select %(batch_id)s::bigint, event_date, %(entity)s::text, rows_loaded from day
)

insert into ledger.batch_quality_day (
    batch_id, event_date, rows_loaded, rows_late, delay_seconds, rows_out_of_order, rows_duplicate
)
select
    %(batch_id)s::bigint,
    event_date,
    rows_loaded,
    rows_late,
    round(delay_us / 1000000.0, 6),
    least(rows_out_of_order, rows_loaded),
    rows_duplicate
from day
