-- Refund tiers of this place, by day; half-open in temperature.
select
    s.tier,
    coalesce(s.from_degc, cast('-Infinity' as double precision)) as from_degc,
    s.below_degc,
    s.refund_percent,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('refund_tier') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
