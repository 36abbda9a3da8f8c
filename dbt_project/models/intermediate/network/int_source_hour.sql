-- Plants and the lines that join them, by source and hour: what the water carried by the difference of supply and return. Heat of a
-- line is positive from its first plant to its second. Decimal numbers, so that no order can show.
select
    s.source_id,
    s.source_kind,
    s.heating_date,
    s.hour_no,
    s.from_plant_id,
    s.to_plant_id,
    cast(l.water_kwh_per_m3_degc as numeric) * s.carried_m3_h_degc / nullif(s.carried_readings, 0) as heat_kw,
    s.supply_return_degc / nullif(s.supply_return_readings, 0) as supply_return_degc,
    s.is_planned_outage,
    s.is_unplanned_outage
from {{ source('reduced', 'source_hour') }} as s
inner join {{ ref('int_limit_period') }} as l on s.heating_date between l.valid_from and l.valid_to
