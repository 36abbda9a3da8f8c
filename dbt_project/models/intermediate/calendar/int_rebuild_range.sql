-- Which days have to be built again, from what changed since the last successful build. A reading changes more than its own
-- day: a run of identical readings may reach `run_days` to both sides, and a value holds for up to `hold_days` after it.
-- Register rows change everything from their first day on.
with weather_reach as (
    select 1 + cast(ceil(coalesce(max(period_minutes), 0) / 1440.0) as int) as period_days
    from {{ ref('stg_outdoor_reading') }}
),

touched as (
    select 'room' as subject, d.event_date - r.run_days as from_date, d.event_date + r.run_days + r.hold_days as to_date
    from {{ ref('stg_changed_day') }} as d
    cross join {{ ref('int_series_reach') }} as r
    where d.entity = 'room_reading'
    union all
    select 'room', d.event_date - r.run_days, {{ forever() }}
    from {{ ref('stg_changed_day') }} as d
    cross join {{ ref('int_series_reach') }} as r
    where d.entity in ('measuring_point', 'household', 'household_suspension', 'building', 'station', 'community')
    union all
    -- Where a point's readings move, a change reaches the days beside its own alone; a register row changes as many as ever.
    select
        'room_moving',
        d.event_date - case when d.entity = 'room_reading' then r.moving_days else greatest(r.run_days, r.moving_days) end,
        case when d.entity = 'room_reading' then d.event_date + r.moving_days else {{ forever() }} end
    from {{ ref('stg_changed_day') }} as d
    cross join {{ ref('int_series_reach') }} as r
    where d.entity in ('room_reading', 'measuring_point', 'household', 'household_suspension', 'building', 'station', 'community')
    union all
    select 'register', d.event_date, {{ forever() }}
    from {{ ref('stg_changed_day') }} as d
    where d.entity in ('household', 'household_suspension', 'building', 'station', 'community')
    union all
    select 'weather', d.event_date - 1, d.event_date + w.period_days
    from {{ ref('stg_changed_day') }} as d
    cross join weather_reach as w
    where d.entity = 'outdoor_reading'
    union all
    -- The step of a heat counter belongs to the day of its middle, up to half a day to either side of its reading, and a fall is
    -- remembered for a day. One day more: a contract may count days in another time zone than the place.
    select 'network', d.event_date - 2, d.event_date + 2
    from {{ ref('stg_changed_day') }} as d
    where d.entity = 'station_reading'
    union all
    -- One day more to both sides: a contract may count days in another time zone than the place.
    select 'source', d.event_date - 1, d.event_date + 1
    from {{ ref('stg_changed_day') }} as d
    where d.entity = 'source_reading'
    union all
    select 'heat_meter', d.event_date - 1, d.event_date + 1
    from {{ ref('stg_changed_day') }} as d
    where d.entity = 'heat_meter_reading'
    union all
    -- A day is part of the curve and of the usual of so many days after it, and a day's curve of the signals of as many after that.
    select 'network_signal', d.event_date - 2, d.event_date + 2 + w.period_days + cast({{ standing_limit('curve_days') }} + {{ standing_limit('signal_days') }} as int)
    from {{ ref('stg_changed_day') }} as d
    cross join weather_reach as w
    where d.entity in ('station_reading', 'outdoor_reading')
),

ordered as (
    select
        *,
        case
            when from_date - 1 <= max(to_date) over (
                partition by subject order by from_date, to_date rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as begins
    from touched
),

numbered as (
    select *, sum(begins) over (partition by subject order by from_date, to_date) as stretch_no
    from ordered
)

select
    subject,
    min(from_date) as from_date,
    max(to_date) as to_date
from numbered
group by subject, stretch_no
