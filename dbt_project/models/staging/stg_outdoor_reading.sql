-- One row per weather station and time of observation; the value holds for the period that begins there.
select
    r.weather_station_id,
    r.observed_at,
    {{ local_date('r.observed_at') }} as heating_date,
    r.temperature_degc,
    r.period_minutes,
    r.feed,
    r.batch_id,
    r.file_id,
    r.position,
    r.arrived_at
from {{ picked(source('raw', 'outdoor_reading'), ['r.weather_station_id', 'r.observed_at']) }} as r
cross join {{ ref('stg_place') }} as place
