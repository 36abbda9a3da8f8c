-- What may have to be refunded to cold homes, one row a home and day of its claim. Where no tariff is known or nothing was
-- measured the refund is empty; it is never a zero that nobody has looked at. What the user caused stands apart.
select
    season,
    refund_date,
    household_id,
    building_id,
    station_id,
    branch_id,
    line,
    ticket_no,
    request_date,
    cure_date,
    cause,
    value_degc is not null as is_measured,
    value_degc,
    standard_degc,
    not complies as is_below_standard,
    cast(tier as int) as tier,
    refund_percent,
    heated_area_m2,
    case when cause <> 'user' then heated_area_m2 * refund_percent / 100 end as refund_m2_days,
    case when cause = 'user' then heated_area_m2 * refund_percent / 100 end as own_cause_m2_days
from {{ ref('int_refund_day') }}
