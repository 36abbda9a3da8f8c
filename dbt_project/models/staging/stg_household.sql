-- Households and enterprises: each row holds until the day before the next one, or its own last day if that is earlier.
select
    household_id,
    building_id,
    customer_kind,
    flat_position,
    heated_area_m2,
    valid_from,
    least({{ day_before_next('household_id') }}, coalesce(valid_to, {{ forever() }})) as valid_to_effective
from {{ picked(source('raw', 'household'), ['r.household_id', 'r.valid_from']) }} as r
