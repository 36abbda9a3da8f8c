-- Every issue of the forecast, a row a day ahead.
select
    f.weather_station_id,
    f.issued_at,
    {{ local_date('f.issued_at') }} as issued_date,
    f.forecast_date,
    f.mean_degc,
    f.low_degc,
    f.high_degc,
    f.feed,
    f.batch_id,
    f.file_id,
    f.position,
    f.arrived_at
from {{ picked(source('raw', 'outdoor_forecast'), ['r.weather_station_id', 'r.issued_at', 'r.forecast_date']) }} as f
cross join {{ ref('stg_place') }} as place
