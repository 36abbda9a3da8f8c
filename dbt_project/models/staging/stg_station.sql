-- Heat-exchange stations: each row holds until the day before the next one.
select
    station_id,
    station_name,
    branch_id,
    branch_name,
    plant_id,
    valid_from,
    {{ day_before_next('station_id') }} as valid_to_effective
from {{ picked(source('raw', 'station'), ['r.station_id', 'r.valid_from']) }} as r
