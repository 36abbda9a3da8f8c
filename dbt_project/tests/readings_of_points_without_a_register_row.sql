{{ config(severity='warn') }}
-- Readings are loaded only for points the register knows; these have lost their register row since. They count nowhere
-- until the register has it again. From point to point by the key's index: a season of readings is not walked for its points.
with recursive reported as (
    (
        select feed, point_id
        from {{ source('raw', 'room_reading') }}
        order by feed, point_id
        limit 1
    )
    union all
    select n.feed, n.point_id
    from reported as p
    cross join lateral (
        select r.feed, r.point_id
        from {{ source('raw', 'room_reading') }} as r
        where (r.feed, r.point_id) > (p.feed, p.point_id)
        order by r.feed, r.point_id
        limit 1
    ) as n
)

select distinct r.point_id
from reported as r
where {{ not_waiting('r.feed') }}
    and not exists (select 1 from {{ ref('int_point_setting') }} as s where s.point_id = r.point_id)
