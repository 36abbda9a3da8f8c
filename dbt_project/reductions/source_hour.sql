-- Plants and the lines that join them, by source and hour. Sums are exact decimal numbers beside their counts, so that no order can show.
with picked as (
    {% with readings = 'source_reading', thing = 'source_id' %}{% include 'picked/whole_first.sql' %}{% endwith %}
),

reading as (
    select
        source_id,
        source_kind,
        {{ local_date('read_at') }} as heating_date,
        {{ hour_no('read_at') }} as hour_no,
        from_plant_id,
        to_plant_id,
        cast({{ nearest('flow_m3_h * 1e6') }} / 1e6 as decimal(19, 6)) as flow_m3_h,
        cast({{ nearest('(supply_degc - return_degc) * 1e6') }} / 1e6 as decimal(18, 6)) as supply_return_degc,
        state
    from picked
    where nth = 1
)

select
    source_id,
    source_kind,
    heating_date,
    hour_no,
    max(from_plant_id) as from_plant_id,
    max(to_plant_id) as to_plant_id,
    count(*) as readings,
    cast(sum(flow_m3_h * supply_return_degc) as decimal(38, 12)) as carried_m3_h_degc,
    count(flow_m3_h * supply_return_degc) as carried_readings,
    cast(sum(supply_return_degc) as decimal(38, 6)) as supply_return_degc,
    count(supply_return_degc) as supply_return_readings,
    bool_or(coalesce(state = 'planned_outage', false)) as is_planned_outage,
    bool_or(coalesce(state = 'outage', false)) as is_unplanned_outage
from reading
where {{ made_days('heating_date') }}
group by source_id, source_kind, heating_date, hour_no
