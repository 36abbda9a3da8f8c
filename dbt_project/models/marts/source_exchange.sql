-- Heat that one plant lent another's network on a day, and what of it replaced a plant that stood still. Only days on which a pair
-- exchanged heat have a row. What reached a plant's network is what the plant gave and was lent, less what it lent.
with line_hour as (
    select
        *,
        case when heat_kw > 0 then from_plant_id else to_plant_id end as lender_plant_id,
        case when heat_kw > 0 then to_plant_id else from_plant_id end as borrower_plant_id,
        abs(heat_kw) * 0.0036 as lent_gj
    from {{ ref('int_source_hour') }}
    where source_kind = 'tie'
),

plant_hour as (
    select
        *,
        heat_kw * 0.0036 as output_gj
    from {{ ref('int_source_hour') }}
    where source_kind = 'plant'
),

moved as (
    select lender_plant_id as plant_id, heating_date, -lent_gj as gj from line_hour
    union all
    select borrower_plant_id, heating_date, lent_gj from line_hour
    union all
    select source_id, heating_date, output_gj from plant_hour
),

delivered as (
    select plant_id, heating_date, sum(gj) as delivered_gj
    from moved
    group by plant_id, heating_date
),

plant_day as (
    select
        source_id as plant_id,
        heating_date,
        sum(output_gj) as output_gj,
        count(*) filter (where is_planned_outage) as planned_outage_hours,
        count(*) filter (where is_unplanned_outage) as unplanned_outage_hours
    from plant_hour
    group by source_id, heating_date
),

pair_day as (
    select
        t.heating_date,
        t.lender_plant_id,
        t.borrower_plant_id,
        sum(t.lent_gj) as lent_gj,
        count(*) as lending_hours,
        avg(t.supply_return_degc) as supply_return_degc,
        coalesce(sum(t.lent_gj) filter (where p.is_planned_outage or p.is_unplanned_outage), 0) as lent_in_outage_gj
    from line_hour as t
    left join plant_hour as p
        on t.borrower_plant_id = p.source_id and t.heating_date = p.heating_date and t.hour_no = p.hour_no
    where t.heat_kw <> 0
    group by t.heating_date, t.lender_plant_id, t.borrower_plant_id
)

select
    d.season,
    p.heating_date,
    p.lender_plant_id,
    p.borrower_plant_id,
    cast(p.lent_gj as double precision) as lent_gj,
    cast(p.lending_hours as int) as lending_hours,
    cast(p.supply_return_degc as double precision) as supply_return_degc,
    cast(o.output_gj as double precision) as lender_output_gj,
    cast(e.delivered_gj as double precision) as borrower_delivered_gj,
    cast(b.planned_outage_hours as int) as borrower_planned_outage_hours,
    cast(b.unplanned_outage_hours as int) as borrower_unplanned_outage_hours,
    cast(p.lent_in_outage_gj as double precision) as lent_in_outage_gj,
    cast(p.lent_gj / nullif(e.delivered_gj, 0) as double precision) as lent_share,
    cast(p.lent_in_outage_gj / nullif(e.delivered_gj, 0) as double precision) as missing_without_share,
    h.served_households as borrower_households
from pair_day as p
inner join {{ ref('int_season_day') }} as d on p.heating_date = d.heating_date
left join plant_day as o on p.lender_plant_id = o.plant_id and p.heating_date = o.heating_date
left join plant_day as b on p.borrower_plant_id = b.plant_id and p.heating_date = b.heating_date
left join delivered as e on p.borrower_plant_id = e.plant_id and p.heating_date = e.heating_date
left join {{ ref('int_plant_household_day') }} as h on p.borrower_plant_id = h.plant_id and p.heating_date = h.heating_date
