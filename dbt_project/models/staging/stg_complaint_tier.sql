-- Tiers of the complaint rate in this place, by day.
select
    s.tier,
    s.value,
    s.unit,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('complaint_tier') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
