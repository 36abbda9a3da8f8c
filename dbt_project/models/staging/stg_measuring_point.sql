-- Measuring points. A row describes the device from its first day until the next row; the device is in use until its own
-- last day.
select
    point_id,
    point_kind,
    household_id,
    room_type,
    expected_interval_minutes,
    resolution_degc,
    valid_from,
    -- No register told of it, but its own readings.
    feed in (select c.feed from {{ ref('stg_contract') }} as c where c.entity = 'room_reading') as names_itself,
    least({{ day_before_next('point_id') }}, coalesce(valid_to, {{ forever() }})) as valid_to_effective,
    {{ day_before_next('point_id') }} as described_to
from {{ picked(source('raw', 'measuring_point'), ['r.point_id', 'r.valid_from']) }} as r
