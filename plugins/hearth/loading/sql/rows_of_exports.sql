-- Rows of each export the pull brings (`exports`, as JSON), beside those of the one before it.
with export as (
    select arrived_at, rows
    from jsonb_to_recordset(%(exports)s::text::jsonb) as e (arrived_at timestamptz, rows bigint)
    union all
    (
        select arrived_at, count(*)
        from {raw_table}
        where feed = %(feed)s::text and arrived_at < %(interval_start)s::timestamptz
        group by 1
        order by 1 desc
        limit 1
    )
),

paired as (
    select arrived_at, lag(rows) over (order by arrived_at) as before, rows from export
)

select before, rows
from paired
where before is not null and arrived_at >= %(interval_start)s::timestamptz
order by arrived_at
