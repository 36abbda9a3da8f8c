-- Points by stretch of days in which nothing changes that the reading of its values depends on: the register row, the
-- standard of its room type and the limits.
with point as (
    select * from {{ ref('stg_measuring_point') }}
),

edge as (
    select point_id, valid_from, valid_from as day from point
    union
    select p.point_id, p.valid_from, s.valid_from
    from point as p
    inner join {{ ref('stg_temperature_standard') }} as s
        on p.room_type = s.room_type and s.valid_from > p.valid_from and s.valid_from <= p.described_to
    union
    select p.point_id, p.valid_from, s.valid_to + 1
    from point as p
    inner join {{ ref('stg_temperature_standard') }} as s
        on p.room_type = s.room_type and s.valid_to >= p.valid_from and s.valid_to < p.described_to
    union
    select p.point_id, p.valid_from, l.valid_from
    from point as p
    inner join {{ ref('int_limit_period') }} as l
        on l.valid_from > p.valid_from and l.valid_from <= p.described_to
),

stretch as (
    select
        point_id,
        valid_from,
        day as set_from,
        lead(day) over (partition by point_id, valid_from order by day) - 1 as set_to
    from edge
)

select
    p.point_id,
    s.set_from,
    coalesce(s.set_to, p.described_to) as set_to,
    -- The same as instants, so that readings are told apart without a time zone a reading.
    {{ day_start('s.set_from') }} as set_from_at,
    {{ day_start("coalesce(s.set_to, p.described_to) + interval '1 day'") }} as set_before_at,
    p.point_kind,
    p.point_kind = 'remote' as is_automatic,
    p.household_id,
    p.room_type,
    p.valid_from,
    p.valid_to_effective,
    p.expected_interval_minutes,
    p.resolution_degc,
    t.value_degc as standard_degc,
    t.tolerance_degc,
    t.value_degc - t.tolerance_degc as pass_degc,
    -- How long a reading holds; only automatic points have it.
    case when p.point_kind = 'remote' then cast(l.hold_factor * p.expected_interval_minutes * 60 as int) end as hold_seconds,
    -- A longer silence ends a run of identical readings: a sensor that was away was not stuck. Null where a steady value
    -- says nothing: tests made by people, devices that send whole degrees.
    case
        when p.point_kind = 'remote' and p.resolution_degc <= l.stuck_max_resolution_degc
            then cast(greatest(
                l.hold_factor * p.expected_interval_minutes * 60,
                least(l.stuck_silence_factor * p.expected_interval_minutes * 60, l.stuck_silence_max_hours * 3600)
            ) as int)
    end as silence_seconds,
    l.room_watch_low_degc,
    l.room_watch_high_degc,
    l.low_battery_v,
    l.windows_closed_min_minutes
from stretch as s
cross join {{ ref('stg_place') }} as place
inner join point as p on s.point_id = p.point_id and s.valid_from = p.valid_from
inner join {{ ref('int_limit_period') }} as l on s.set_from between l.valid_from and l.valid_to
left join {{ ref('stg_temperature_standard') }} as t
    on p.room_type = t.room_type and s.set_from between t.valid_from and t.valid_to
