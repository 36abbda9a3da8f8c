-- One reading per point and time over all feeds (nth = 1): a correction beats what it corrects, and a stale replay from a collector's memory
-- never beats a correction.
select
    *,
    row_number() over (
        partition by point_id, read_at
        order by source_version desc, coalesce(is_replay, false) asc, arrived_at desc, feed asc, position desc
    ) as nth
from room_reading
where {{ not_waiting('feed') }} and {{ in_days('read_at') }}
