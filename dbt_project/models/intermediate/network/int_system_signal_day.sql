{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['network_signal']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
{%- set frame -%}
    range between ({{ standing_limit('signal_days') }} * interval '1 day') preceding and interval '1 day' preceding
{%- endset %}
-- What is unusual about a heating system on a day, against the `signal_days` days before it: the middle and the spread of a signal
-- (median, and 1.4826 times the median distance from it, which for a normal spread is the standard deviation; never less than the
-- signal's floor), and how many spreads the day lies off. Robust, because the days before may have faults in them too.
-- Signals: supply against the system's own weather curve, primary flow per opening of the valve, return pressure of the secondary
-- side, make-up water. A value that needs fewer than `signal_min_days` days before it has none.
with signal as (
    select
        s.system_id,
        s.heating_date,
        v.signal,
        v.value
    from {{ ref('int_system_day') }} as s
    left join {{ ref('int_system_curve_day') }} as c on s.system_id = c.system_id and s.heating_date = c.heating_date
    cross join lateral (
        values
        ('supply_off_curve', c.supply_off_curve_degc),
        ('flow_per_valve', 100 * s.flow_m3_h / nullif(s.valve_percent, 0)),
        ('return_pressure', s.secondary_return_mpa),
        ('make_up', s.make_up_m3_h)
    ) as v (signal, value)
    where v.value is not null and {{ in_ranges('s.heating_date', ranges, before='cast(' ~ standing_limit('signal_days') ~ ' as int)') }}
),

-- One walk through each signal's days: joined to the days before it, each day would cost a month.
windowed as (
    select
        *,
        array_agg(value) over (series {{ frame }}) as values_before
    from signal
    window series as (partition by system_id, signal order by heating_date)
),

before as (
    select
        w.system_id,
        w.heating_date,
        w.signal,
        w.value,
        w.values_before,
        cardinality(w.values_before) as days,
        (select percentile_cont(0.5) within group (order by v.value_before) from unnest(w.values_before) as v (value_before)) as middle
    from windowed as w
    where {{ in_ranges('w.heating_date', ranges) }}
),

spread as (
    select
        b.*,
        1.4826 * (
            select percentile_cont(0.5) within group (order by abs(v.value_before - b.middle))
            from unnest(b.values_before) as v (value_before)
        ) as spread,
        case b.signal
            when 'supply_off_curve' then l.supply_spread_min_degc
            when 'flow_per_valve' then l.flow_spread_min_share * b.middle
            when 'return_pressure' then l.pressure_spread_min_mpa
            when 'make_up' then l.make_up_spread_min_share * b.middle
        end as spread_floor
    from before as b
    inner join {{ ref('int_limit_period') }} as l on b.heating_date between l.valid_from and l.valid_to
    where b.days >= l.signal_min_days
)

select
    system_id,
    heating_date,
    signal,
    value,
    cast(days as int) as days_before,
    middle,
    greatest(spread, spread_floor) as spread,
    cast(round(cast((value - middle) / nullif(greatest(spread, spread_floor), 0) as numeric), 6) as double precision) as robust_z
from spread
