-- How many rows a day a feed owed before it changed its rhythm, by stretch of days, as its newest contract says.
with told as (
    select
        c.feed,
        cast(e.promise ->> 'until' as date) as until_date,
        cast(e.promise ->> 'rows_per_day' as int) as rows_per_day
    from {{ source('ledger', 'contract_current') }} as c
    cross join lateral jsonb_array_elements(c.content #> '{expected,rows_per_day_before}') as e (promise)
)

select
    feed,
    coalesce(lag(until_date) over (partition by feed order by until_date) + 1, {{ always() }}) as from_date,
    until_date as to_date,
    rows_per_day
from told
