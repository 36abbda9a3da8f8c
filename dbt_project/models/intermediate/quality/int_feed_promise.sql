-- How many rows each feed owed on each season day that has another number than the contract's present one.
select
    p.feed,
    d.heating_date,
    p.rows_per_day
from {{ ref('stg_earlier_promise') }} as p
inner join {{ ref('int_season_day') }} as d on d.heating_date between p.from_date and p.to_date
