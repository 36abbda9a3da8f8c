-- Outdoor design temperature of this place, by day.
select
    s.value_degc,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('design_temperature') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
