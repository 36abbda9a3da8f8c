-- The names behind every unit_id, and the branch that answers for it: what dashboards join and what row-level security goes by.
select
    unit_kind,
    unit_id,
    unit_name,
    branch_id,
    branch_name,
    plant_id
from {{ ref('int_org_unit') }}
