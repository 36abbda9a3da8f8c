-- Targets of the season's KPIs in this place, by day.
select
    s.kpi,
    s.value,
    s.direction,
    coalesce(s.valid_from, {{ always() }}) as valid_from,
    coalesce(s.valid_to, {{ forever() }}) as valid_to
from {{ ref('kpi_target') }} as s
inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
