{{ config(materialized='view') }}
-- The heating system that serves each building, by stretch of days.
select
    building_id,
    system_id,
    valid_from as from_date,
    valid_to_effective as to_date
from {{ ref('stg_building') }}
where system_id is not null
