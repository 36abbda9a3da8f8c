-- Mean outdoor temperature of each local day, weighted by the time each value holds, against the design temperature. A day of
-- which too few hours are known has none: two hours of the night would make it colder than it was.
with reading as (
    select
        weather_station_id,
        {{ epoch_seconds('observed_at') }} as from_s,
        {{ epoch_seconds('observed_at') }} + period_minutes * 60 as to_s,
        heating_date as first_date,
        {{ local_date("observed_at + period_minutes * interval '1 minute' - interval '1 microsecond'") }} as last_date,
        cast(round(temperature_degc * 1000) as bigint) as milli_degc
    from {{ ref('stg_outdoor_reading') }}
    cross join {{ ref('stg_place') }} as place
    where period_minutes > 0
),

by_day as (
    select
        cast(d.day as date) as heating_date,
        r.weather_station_id,
        r.milli_degc,
        least(r.to_s, {{ epoch_seconds(day_start("d.day + interval '1 day'")) }})
        - greatest(r.from_s, {{ epoch_seconds(day_start('d.day')) }}) as seconds
    from reading as r
    cross join {{ ref('stg_place') }} as place
    cross join lateral generate_series(
        cast(r.first_date as timestamp), cast(r.last_date as timestamp), interval '1 day'
    ) as d (day)
),

by_station as (
    select
        heating_date,
        weather_station_id,
        sum(milli_degc * seconds) as milli_degc_seconds,
        sum(seconds) as seconds
    from by_day
    where seconds > 0
    group by heating_date, weather_station_id
),

mean as (
    select
        s.heating_date,
        case
            when max(s.seconds) >= 3600 * max(l.outdoor_day_min_hours)
                then cast(sum(s.milli_degc_seconds) as double precision) / cast(sum(s.seconds) as double precision) / 1000
        end as outdoor_degc,
        cast(max(s.seconds) / 3600.0 as double precision) as observed_hours
    from by_station as s
    left join {{ ref('int_limit_period') }} as l on s.heating_date between l.valid_from and l.valid_to
    group by s.heating_date
)

select
    m.heating_date,
    m.outdoor_degc,
    m.observed_hours,
    t.value_degc as design_degc,
    coalesce(round(cast(m.outdoor_degc as numeric), 6) < round(cast(t.value_degc as numeric), 6), false) as is_below_design
from mean as m
left join {{ ref('stg_design_temperature') }} as t on m.heating_date between t.valid_from and t.valid_to
