-- Which end days a refund counts in this place, by day.
select
    s.request_day_counts,
    s.cure_day_counts,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('refund_rule') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
