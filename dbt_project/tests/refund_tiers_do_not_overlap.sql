-- A temperature has at most one tier on a day of a place.
select a.jurisdiction, a.tier, b.tier as other_tier
from {{ ref('refund_tier') }} as a
inner join {{ ref('refund_tier') }} as b
    on a.jurisdiction = b.jurisdiction and a.tier < b.tier
    and a.valid_from <= coalesce(b.valid_to, {{ forever() }}) and b.valid_from <= coalesce(a.valid_to, {{ forever() }})
    and coalesce(a.from_degc, -1000) < b.below_degc and coalesce(b.from_degc, -1000) < a.below_degc
