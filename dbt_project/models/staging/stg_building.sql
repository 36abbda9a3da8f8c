-- Buildings: each row holds until the day before the next one.
select
    building_id,
    community_id,
    station_id,
    system_id,
    network_position,
    year_built,
    valid_from,
    {{ day_before_next('building_id') }} as valid_to_effective
from {{ picked(source('raw', 'building'), ['r.building_id', 'r.valid_from']) }} as r
