-- Households and area of a unit where no register exists; only such units have rows.
select
    unit_kind,
    unit_id,
    served_households,
    heated_area_m2,
    coalesce(valid_from, {{ always() }}) as valid_from,
    coalesce(valid_to, {{ forever() }}) as valid_to
from {{ ref('served_household') }}
