-- One of `readings` per `thing` and time (nth = 1): the highest source version, then one that lacks no channel before one that does, then
-- the latest.
select
    *,
    row_number() over (
        partition by {{ thing }}, read_at
        order by source_version desc, (left_out is not null) asc, arrived_at desc, feed asc, position desc
    ) as nth
from {{ readings }}
where {{ not_waiting('feed') }} and {{ in_days('read_at') }}
