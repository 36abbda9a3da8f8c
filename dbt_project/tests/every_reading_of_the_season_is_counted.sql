-- What was read is neither lost nor doubled on its way from point and day to the company's figures.
with point as (
    select sum(readings) as readings
    from {{ ref('int_point_day') }}
    where
        customer_kind = 'resident'
        and standard_degc is not null
        and judged_reason not in ('out_of_season', 'point_not_in_use')
),

company as (
    select sum(readings) as readings
    from {{ ref('int_unit_room_day') }}
    where unit_kind = 'company' and point_kind = 'all'
)

select p.readings, c.readings as readings_of_the_company
from point as p
cross join company as c
where p.readings is distinct from c.readings
