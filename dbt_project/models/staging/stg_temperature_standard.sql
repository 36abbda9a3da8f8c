-- Lowest permitted room temperature of this place, by room type and day.
select
    s.room_type,
    s.value_degc,
    s.tolerance_degc,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('temperature_standard') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
