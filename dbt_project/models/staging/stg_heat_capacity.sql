-- One row per plant or station and day of issue.
select
    h.unit_kind,
    h.unit_id,
    h.issue_date,
    h.capacity_mw,
    h.contracted_area_m2,
    h.heat_index_w_per_m2,
    h.growth_year_1_m2,
    h.growth_year_2_m2,
    h.growth_year_3_m2,
    h.feed,
    h.batch_id,
    h.file_id,
    h.position,
    h.arrived_at
from {{ picked(source('raw', 'heat_capacity'), ['r.unit_kind', 'r.unit_id', 'r.issue_date']) }} as h
