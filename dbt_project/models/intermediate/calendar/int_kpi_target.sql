-- Targets of the season's KPIs in this place, by stretch of days; of two that hold on one day the later one counts.
select
    kpi,
    value,
    direction,
    valid_from,
    least(
        valid_to,
        coalesce(lead(valid_from) over (partition by kpi order by valid_from) - 1, {{ forever() }})
    ) as valid_to
from {{ ref('stg_kpi_target') }}
