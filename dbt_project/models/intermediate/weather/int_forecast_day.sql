-- What was foretold for each local day, by days ahead: the last issue of a day counts, several weather stations have their mean.
with latest as (
    select
        forecast_date,
        forecast_date - issued_date as lead_days,
        mean_degc,
        row_number() over (
            partition by weather_station_id, forecast_date, issued_date order by issued_at desc
        ) as nth
    from {{ ref('stg_outdoor_forecast') }}
)

select
    forecast_date as heating_date,
    cast(lead_days as int) as lead_days,
    cast(avg(cast(mean_degc as numeric)) as double precision) as mean_degc
from latest
where nth <= 1 and lead_days > 0
group by forecast_date, lead_days
