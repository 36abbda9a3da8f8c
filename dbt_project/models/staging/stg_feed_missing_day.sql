-- Intervals of each feed that its timetable owes and nobody pulled, by each local day they touch, as they were last looked for.
select
    h.feed,
    cast(d.heating_date as date) as heating_date,
    count(*) as missing_intervals
from {{ source('ledger', 'hole_open') }} as h
cross join {{ ref('stg_place') }} as place
cross join lateral generate_series(
    cast({{ local_date('h.interval_start') }} as timestamp),
    cast({{ local_date("h.interval_end - interval '1 microsecond'") }} as timestamp),
    interval '1 day'
) as d (heating_date)
group by h.feed, cast(d.heating_date as date)
