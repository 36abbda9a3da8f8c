-- How far a reading reaches beyond its own day, in days: a run of identical readings to both sides, a held value after it.
-- One day more everywhere: a contract may count days in another time zone than the place.
with reach as (
    select
        max((l.stuck_min_readings - 1) * p.silence_seconds) / 86400.0 as run_days,
        max(p.hold_seconds) / 86400.0 as hold_days
    from {{ ref('int_point_setting') }} as p
    inner join {{ ref('int_limit_period') }} as l on p.set_from between l.valid_from and l.valid_to
    where p.point_kind = 'remote'
),

whole as (
    select
        2 + cast(ceil(coalesce(run_days, 1)) as int) as run_days,
        1 + cast(ceil(coalesce(hold_days, 1)) as int) as hold_days
    from reach
)

select
    run_days,
    hold_days,
    -- Readings to look at beyond the days that are built, so that every flag comes out as in a full build.
    run_days + hold_days as context_days
from whole
