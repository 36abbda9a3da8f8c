{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    pre_hook="{{ delete_ranges(['network']) }}"
) }}
{%- set ranges = rebuild_ranges(['network']) %}
{%- set measured = {
    'primary_supply_degc': 'primary supply', 'primary_return_degc': 'primary return',
    'secondary_supply_degc': 'secondary supply', 'secondary_return_degc': 'secondary return',
    'primary_supply_mpa': 'primary supply pressure', 'primary_return_mpa': 'primary return pressure',
    'secondary_supply_mpa': 'secondary supply pressure', 'secondary_return_mpa': 'secondary return pressure',
    'flow_m3_h': 'flow',
} %}
{%- set steered = ['heat_kw', 'valve_percent', 'make_up_m3_h'] %}
{%- set channels = (measured | list) + steered %}
-- Each heating system and local day: the one place where readings of systems are read. A day's value is the mean of its hours'
-- means, so that a day of five-minute readings and one of hourly ones weigh their hours alike; with too few hours there is none.
-- Sums are of whole thousandths (of hours' means: of whole billionths), so that their order cannot matter.
-- A supply colder than its return is one whose channels are changed over: the reading is turned round and counted. A channel that
-- shows one and the same value all day is stuck and has no value (valves and make-up water may stand still).
-- Heat is what the counter counts from reading to reading, in the day in whose half the step lies. A counter that falls to what can
-- have been used since the last reading has begun anew; one that falls to anything else has lied once, and steps are taken from the
-- highest of the day before. A step over more than a day, or faster than a counter can count, counts nothing.
with reading as (
    select
        r.system_id,
        r.station_id,
        r.read_at,
        r.heating_date,
        floor(date_part('epoch', r.read_at) / 3600) as hour_no,
        coalesce(r.primary_return_degc - r.primary_supply_degc > l.swap_min_degc, false) as is_primary_swapped,
        coalesce(r.secondary_return_degc - r.secondary_supply_degc > l.swap_min_degc, false) as is_secondary_swapped,
        r.primary_supply_degc,
        r.primary_return_degc,
        r.secondary_supply_degc,
        r.secondary_return_degc,
        r.primary_supply_mpa,
        r.primary_return_mpa,
        r.secondary_supply_mpa,
        r.secondary_return_mpa,
        r.flow_m3_h,
        r.heat_kw,
        r.heat_counter_gj,
        r.valve_percent,
        r.make_up_m3_h,
        l.heat_max_kw * 0.0036 / 3600 as most_gj_per_s
    from {{ ref('stg_station_reading') }} as r
    cross join {{ lasting_limits() }} as l
    where {{ instants_beside('r.read_at', ranges, place_time_zone()) }}
),

by_hour as (
    select
        system_id,
        heating_date,
        hour_no,
        max(station_id) as station_id,
        count(*) as readings,
        count(*) filter (where is_primary_swapped) as primary_swapped,
        count(*) filter (where is_secondary_swapped) as secondary_swapped,
        {%- for channel in channels %}
            {%- set side = channel.split('_')[0] %}
            {%- if channel.endswith('_degc') %}
                {%- set other = side ~ ('_return_degc' if 'supply' in channel else '_supply_degc') %}
                {%- set value = 'case when is_' ~ side ~ '_swapped then ' ~ other ~ ' else ' ~ channel ~ ' end' %}
            {%- else %}
                {%- set value = channel %}
            {%- endif %}
        cast(round(
            1e6 * sum(cast(round({{ value }} * 1000) as int)) / nullif(count({{ value }}), 0)
        ) as bigint) as {{ channel }},
        min({{ value }}) as {{ channel }}_low,
        max({{ value }}) as {{ channel }}_high{{ "," if not loop.last }}
        {%- endfor %}
    from reading
    where {{ in_ranges('heating_date', ranges) }}
    group by system_id, heating_date, hour_no
),

step as (
    select
        system_id,
        read_at,
        heat_counter_gj as gj,
        most_gj_per_s,
        lag(read_at) over earlier as before_at,
        lag(heat_counter_gj) over earlier as gj_before
    from reading
    where heat_counter_gj is not null
    window earlier as (partition by system_id order by read_at)
),

marked as (
    select
        *,
        coalesce(gj < gj_before and gj <= date_part('epoch', read_at - before_at) * most_gj_per_s, false) as is_reset
    from step
),

counted as (
    select
        *,
        coalesce(gj < gj_before and not is_reset, false) as is_fall,
        sum(case when is_reset then 1 else 0 end) over (partition by system_id order by read_at) as meter_no
    from marked
),

-- The first reading of all stands here too: the one after it is measured against it.
against as (
    select
        *,
        max(gj) over (
            partition by system_id, meter_no order by read_at
            range between interval '1 day' preceding and interval '1 microsecond' preceding
        ) as highest_gj
    from counted
),

used as (
    select
        system_id,
        {{ local_date('before_at + (read_at - before_at) / 2') }} as heating_date,
        is_reset,
        is_fall,
        date_part('epoch', read_at - before_at) * most_gj_per_s as most_gj,
        case
            when read_at - before_at > interval '1 day' then null
            when is_reset then gj
            else greatest(gj - highest_gj, 0)
        end as used_gj
    from against
    cross join {{ ref('stg_place') }} as place
    where before_at is not null
),

heat as (
    select
        system_id,
        heating_date,
        sum(cast(round(used_gj * 1000) as bigint)) filter (where used_gj <= most_gj) / 1000.0 as energy_gj,
        count(*) filter (where is_reset) as counter_resets,
        count(*) filter (where is_fall) as counter_falls,
        count(*) filter (where used_gj > most_gj) as counter_leaps
    from used
    where {{ in_ranges('heating_date', ranges) }}
    group by system_id, heating_date
),

by_day as (
    select
        system_id,
        heating_date,
        max(station_id) as station_id,
        sum(readings) as readings,
        count(*) as hours,
        sum(primary_swapped) as primary_swapped,
        sum(secondary_swapped) as secondary_swapped,
        {%- for channel in channels %}
        cast(sum({{ channel }}) as double precision) / nullif(count({{ channel }}), 0) / 1e9 as {{ channel }},
        count({{ channel }}) as {{ channel }}_hours,
        max({{ channel }}_high) - min({{ channel }}_low) as {{ channel }}_range{{ "," if not loop.last }}
        {%- endfor %}
    from by_hour
    group by system_id, heating_date
)

select
    d.system_id,
    d.station_id,
    d.heating_date,
    cast(d.readings as int) as readings,
    cast(d.hours as int) as hours,
    d.hours >= l.system_day_min_hours as is_complete,
    {%- for channel in measured %}
    case when d.{{ channel }}_hours >= l.system_day_min_hours and d.{{ channel }}_range > 0 then d.{{ channel }} end as {{ channel }},
    {%- endfor %}
    {%- for channel in steered %}
    case when d.{{ channel }}_hours >= l.system_day_min_hours then d.{{ channel }} end as {{ channel }},
    {%- endfor %}
    cast(h.energy_gj as double precision) as energy_gj,
    cast(coalesce(h.counter_resets, 0) as int) as counter_resets,
    cast(coalesce(h.counter_falls, 0) as int) as counter_falls,
    cast(coalesce(h.counter_leaps, 0) as int) as counter_leaps,
    cast(d.primary_swapped as int) as primary_swapped_readings,
    cast(d.secondary_swapped as int) as secondary_swapped_readings,
    nullif(concat_ws(
        ', ',
        {%- for channel, words in measured.items() %}
        case when d.{{ channel }}_hours >= l.system_day_min_hours and d.{{ channel }}_range = 0 then '{{ words }}' end{{ "," if not loop.last }}
        {%- endfor %}
    ), '') as stuck_channels
from by_day as d
cross join {{ lasting_limits() }} as l
left join heat as h on d.system_id = h.system_id and d.heating_date = h.heating_date
