{%- set frame -%}
    range between ({{ standing_limit('curve_days') }} * interval '1 day') preceding and interval '1 day' preceding
{%- endset %}
-- Each system's own weather curve as it stood on the morning of a day: the straight line of secondary supply on outdoor temperature
-- through the `curve_days` days before it (ordinary least squares on day means), and how far the day lies from it. The day itself is
-- not in its own curve. No line from fewer than `curve_min_days` days, or from days that were all equally cold. Limits of the method:
-- a line is what weather-compensated controllers are set to between their ends; a fault that lasts for weeks becomes the curve.
with measured as (
    select
        s.system_id,
        s.station_id,
        s.heating_date,
        s.secondary_supply_degc,
        s.secondary_return_degc,
        o.outdoor_degc
    from {{ ref('int_system_day') }} as s
    left join {{ ref('int_outdoor_day') }} as o on s.heating_date = o.heating_date
),

drawn as (
    select
        *,
        regr_count(secondary_supply_degc, outdoor_degc) over (before {{ frame }}) as curve_days,
        regr_slope(secondary_supply_degc, outdoor_degc) over (before {{ frame }}) as slope,
        regr_intercept(secondary_supply_degc, outdoor_degc) over (before {{ frame }}) as intercept,
        regr_slope(secondary_return_degc, outdoor_degc) over (before {{ frame }}) as return_slope,
        regr_intercept(secondary_return_degc, outdoor_degc) over (before {{ frame }}) as return_intercept
    from measured
    window before as (partition by system_id order by heating_date)
)

select
    d.system_id,
    d.station_id,
    d.heating_date,
    d.outdoor_degc,
    d.secondary_supply_degc,
    d.secondary_return_degc,
    cast(d.curve_days as int) as curve_days,
    case when d.curve_days >= l.curve_min_days then d.slope end as curve_slope,
    case when d.curve_days >= l.curve_min_days then d.intercept end as curve_intercept_degc,
    case when d.curve_days >= l.curve_min_days then d.intercept + d.slope * d.outdoor_degc end as curve_supply_degc,
    case
        when d.curve_days >= l.curve_min_days then d.secondary_supply_degc - d.intercept - d.slope * d.outdoor_degc
    end as supply_off_curve_degc,
    case
        when d.curve_days >= l.curve_min_days
            then d.secondary_return_degc - d.return_intercept - d.return_slope * d.outdoor_degc
    end as return_off_curve_degc
from drawn as d
inner join {{ ref('int_limit_period') }} as l on d.heating_date between l.valid_from and l.valid_to
