-- How far a reading reaches beyond its own day, in days; never less than a day.
-- A run of identical readings that is stuck on one side of a change, whatever comes on the other, is not changed by it: so a change
-- reaches as far as a run has to be long, one silence further (up to where the run goes on), and one hold (the reading before the run
-- holds until the next accepted one). Days may be counted in another time zone than the place's: one more then.
-- `moving_hours`: what a change reaches where no such run goes on, since a jump cannot be told over a longer time, a window not be
-- open for longer; half a day at least, so that sensors by the hour keep within it. `moving_days` hold it twice.
with reach as (
    select
        max(greatest(l.stuck_min_hours * 3600, (l.stuck_min_readings - 1) * p.silence_seconds) + p.silence_seconds + p.hold_seconds)
        / 86400.0 as run_days,
        max(p.hold_seconds) / 86400.0 as hold_days,
        max(greatest(
            12,
            (l.room_max_degc - l.room_min_degc) / l.jump_flag_degc_per_h,
            2 * (l.room_max_degc - l.room_min_degc) / l.jump_exclude_degc_per_h,
            2 * (l.window_drop_hours + l.window_recovery_hours)
        )) as moving_hours
    from {{ ref('int_point_setting') }} as p
    inner join {{ ref('int_limit_period') }} as l on p.set_from between l.valid_from and l.valid_to
    where p.point_kind = 'remote'
),

zone as (
    select count(*) as others
    from {{ ref('stg_counted_zone') }} as z
    cross join {{ ref('stg_place') }} as p
    where z.entity = 'room_reading' and z.time_zone <> p.time_zone
),

whole as (
    select
        case when z.others > 0 then 1 else 0 end + cast(ceil(coalesce(r.run_days, 1)) as int) as run_days,
        1 + cast(ceil(coalesce(r.hold_days, 1)) as int) as hold_days,
        cast(ceil(coalesce(r.moving_hours, 12)) as int) as moving_hours,
        case when z.others > 0 then 1 else 0 end as zone_days
    from reach as r
    cross join zone as z
)

select
    run_days,
    hold_days,
    -- Readings to look at beyond the days that are built, so that every flag comes out as in a full build.
    run_days + hold_days as context_days,
    moving_hours,
    zone_days + cast(ceil(2 * moving_hours / 24.0) as int) as moving_days
from whole
