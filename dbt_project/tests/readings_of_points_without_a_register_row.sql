{{ config(severity='warn') }}
-- Readings are loaded only for points the register knows; these have lost their register row since. They count nowhere
-- until the register has it again.
select distinct r.point_id
from {{ source('raw', 'room_reading') }} as r
where not exists (select 1 from {{ ref('int_point_setting') }} as s where s.point_id = r.point_id)
