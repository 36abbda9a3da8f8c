-- Plants and the lines that join them, by source and hour: what the water carried by the difference of supply and return. Heat of a
-- line is positive from its first plant to its second. Decimal numbers, so that no order can show.
select
    r.source_id,
    r.source_kind,
    r.heating_date,
    cast(floor(date_part('epoch', r.read_at) / 3600) as bigint) as hour_no,
    max(r.from_plant_id) as from_plant_id,
    max(r.to_plant_id) as to_plant_id,
    avg(cast(l.water_kwh_per_m3_degc as numeric) * cast(r.flow_m3_h as numeric) * cast(r.supply_degc - r.return_degc as numeric)) as heat_kw,
    avg(cast(r.supply_degc - r.return_degc as numeric)) as supply_return_degc,
    bool_or(coalesce(r.state = 'planned_outage', false)) as is_planned_outage,
    bool_or(coalesce(r.state = 'outage', false)) as is_unplanned_outage
from {{ ref('stg_source_reading') }} as r
inner join {{ ref('int_limit_period') }} as l on r.heating_date between l.valid_from and l.valid_to
group by r.source_id, r.source_kind, r.heating_date, cast(floor(date_part('epoch', r.read_at) / 3600) as bigint)
