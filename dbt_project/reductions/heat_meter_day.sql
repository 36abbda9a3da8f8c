{%- set counters = ['heat_counter_gj', 'volume_counter_m3', 'supply_counter_m3_degc', 'return_counter_m3_degc'] %}
-- Each heat meter and local day: where its counters stand at the day's end, and how warm the water came and went while it flowed.
-- A day's standing is its last reading with a heat counter; of a meter with several counters the last that shows most of them. A day
-- without any has no row. Sums of flow are exact decimal numbers, so that no order can show.
with picked as (
    {% with readings = 'heat_meter_reading', thing = 'meter_id' %}{% include 'picked/whole_first.sql' %}{% endwith %}
),

reading as (
    select
        meter_id,
        building_id,
        household_id,
        {{ local_date('read_at') }} as heating_date,
        {{ epoch_us('read_at') }} as standing_us,
        {%- for counter in counters %}
        {{ counter }},
        {%- endfor %}
        {% for counter in counters %}case when {{ counter }} is null then 0 else 1 end{{ " + " if not loop.last }}{% endfor %} as counters,
        case
            when flow_m3_h > 0 and supply_degc is not null and return_degc is not null
                then cast({{ nearest('flow_m3_h * 1e6') }} / 1e6 as decimal(19, 6))
        end as flow_m3_h,
        cast({{ nearest('supply_degc * 1e6') }} / 1e6 as decimal(18, 6)) as supply_degc,
        cast({{ nearest('return_degc * 1e6') }} / 1e6 as decimal(18, 6)) as return_degc
    from picked
    where nth = 1
),

ordered as (
    select
        *,
        row_number() over (partition by meter_id, heating_date order by counters desc, standing_us desc) as from_last
    from reading
    where heat_counter_gj is not null
),

flowed as (
    select
        meter_id,
        heating_date,
        count(*) as readings,
        count(flow_m3_h) as flow_readings,
        cast(sum(flow_m3_h) as decimal(38, 6)) as flow_m3_h,
        cast(sum(flow_m3_h * supply_degc) as decimal(38, 12)) as supply_m3_h_degc,
        cast(sum(flow_m3_h * return_degc) as decimal(38, 12)) as return_m3_h_degc
    from reading
    group by meter_id, heating_date
)

select
    s.meter_id,
    s.building_id,
    s.household_id,
    s.heating_date,
    cast(f.readings as int) as readings,
    s.standing_us,
    {%- for counter in counters %}
    s.{{ counter }},
    {%- endfor %}
    cast(f.flow_readings as int) as flow_readings,
    f.flow_m3_h,
    f.supply_m3_h_degc,
    f.return_m3_h_degc
from ordered as s
inner join flowed as f on s.meter_id = f.meter_id and s.heating_date = f.heating_date
where s.from_last = 1 and {{ made_days('s.heating_date') }}
