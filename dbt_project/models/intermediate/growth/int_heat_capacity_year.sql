-- Area of each plant and station in the year of the issue and the three years after it. A year of growth that is not told
-- leaves that year and the ones after it empty.
select
    h.unit_kind,
    h.unit_id,
    h.issue_date,
    y.years_ahead,
    h.capacity_mw,
    h.heat_index_w_per_m2,
    t.value_degc as design_degc,
    h.contracted_area_m2 + y.growth_m2 as area_m2
from {{ ref('stg_heat_capacity') }} as h
cross join lateral (
    values
    (0, cast(0 as double precision)),
    (1, h.growth_year_1_m2),
    (2, h.growth_year_1_m2 + h.growth_year_2_m2),
    (3, h.growth_year_1_m2 + h.growth_year_2_m2 + h.growth_year_3_m2)
) as y (years_ahead, growth_m2)
left join {{ ref('stg_design_temperature') }} as t on h.issue_date between t.valid_from and t.valid_to
