{%- set ok, unusual, low_battery, method, jump, steep, spike_return = 1, 2, 4, 8, 16, 32, 64 -%}
-- Readings of every point, by local day: the one place where readings of rooms are read.
-- Each point's series is walked once, newest reading first, so that "until the next accepted reading" is a running minimum, and added up by
-- day at once. What it costs is the number of columns carried from window to window, so the marks of a reading travel in one number.
-- The limits of series hold for all days (`standing_limit`): a series knows no edge between two days.
-- A reading of a device that resolves r degrees may be off by half of it, so two readings prove a change only beyond r: one step of
-- a whole-degree sensor that sends every 5 minutes is no 12 degC an hour. Instants are whole microseconds, so that exactly is exactly.
with picked as (
    {% include 'picked/room_reading.sql' %}
),

reading as (
    select
        r.point_id,
        {{ local_date('r.read_at') }} as heating_date,
        {{ epoch_us('r.read_at') }} as at_us,
        r.temperature_degc as v,
        -- Null for tests made by people: they go along and are never excluded.
        s.hold_seconds,
        -- Null where a steady value says nothing.
        s.silence_seconds,
        coalesce(s.resolution_degc, 0) as resolution_degc,
        case when r.temperature_degc >= s.pass_degc - 5e-7 then {{ ok }} else 0 end
        + case
            when r.temperature_degc < s.room_watch_low_degc or r.temperature_degc > s.room_watch_high_degc
                then {{ unusual }}
            else 0
        end
        + case when r.battery_v < s.low_battery_v then {{ low_battery }} else 0 end
        + case
            when s.hold_seconds is null
                and (r.windows_closed_minutes < s.windows_closed_min_minutes or not r.is_signed) then {{ method }}
            else 0
        end as marks
    from picked as r
    inner join point_setting as s
        on r.point_id = s.point_id and r.read_at >= s.set_from_at and r.read_at < s.set_before_at
    where r.nth = 1
),

-- `series` runs backwards in time: what leads is older.
beside as (
    select
        *,
        lead(v) over (partition by point_id order by at_us desc) as v_before,
        lead(v, 2) over (partition by point_id order by at_us desc) as v_before_that,
        (at_us - lead(at_us) over (partition by point_id order by at_us desc)) / 3600000000 as hours_since,
        (at_us - lead(at_us, 2) over (partition by point_id order by at_us desc)) / 3600000000 as hours_since_that,
        case
            when {{ nearest('v * 10') }} = lag({{ nearest('v * 10') }}) over (partition by point_id order by at_us desc)
                and lag(at_us) over (partition by point_id order by at_us desc) - at_us <= cast(silence_seconds as bigint) * 1000000 then 0
            else 1
        end as ends_run
    from reading
),

marked as (
    select
        point_id,
        heating_date,
        at_us,
        v,
        hold_seconds,
        ends_run,
        marks + case
            when hold_seconds is null then 0
            when (abs(v - v_before) - resolution_degc) / hours_since > {{ standing_limit('jump_exclude_degc_per_h') }}
                then {{ jump }} + case
                    when (abs(v_before - v_before_that) - resolution_degc) / (hours_since_that - hours_since)
                        > {{ standing_limit('jump_exclude_degc_per_h') }}
                        and (abs(v - v_before_that) - resolution_degc) / hours_since_that
                        <= {{ standing_limit('jump_exclude_degc_per_h') }}
                        then {{ spike_return }}
                    else {{ steep }}
                end
            when (abs(v - v_before) - resolution_degc) / hours_since > {{ standing_limit('jump_flag_degc_per_h') }} then {{ jump }}
            else 0
        end as marks
    from beside
),

around as (
    select
        *,
        sum(ends_run) over (
            partition by point_id order by at_us desc rows between unbounded preceding and current row
        ) as run_no,
        max(v) over (
            partition by point_id order by at_us desc
            range between current row and {{ microseconds(standing_limit('window_drop_hours')) }} following
        ) as highest_of_hour_before,
        max(v) over (
            partition by point_id order by at_us desc
            range between current row and {{ microseconds(standing_limit('window_recovery_hours')) }} following
        ) as highest_before,
        max(v) over (
            partition by point_id order by at_us desc
            range between {{ microseconds(standing_limit('window_recovery_hours')) }} preceding and 1 preceding
        ) as highest_after
    from marked
),

windowed as (
    select
        point_id,
        heating_date,
        at_us,
        v,
        hold_seconds,
        marks,
        run_no,
        hold_seconds is not null
        and highest_before - v >= {{ standing_limit('window_drop_degc') }}
        and highest_after >= highest_before - {{ standing_limit('window_recovery_degc') }}
        and max(
            case when highest_of_hour_before - v >= {{ standing_limit('window_drop_degc') }} then 1 else 0 end
        ) over (
            partition by point_id order by at_us desc
            range between current row and {{ microseconds(standing_limit('window_recovery_hours')) }} following
        ) = 1 as is_window
    from around
),

in_run as (
    select
        point_id,
        heating_date,
        at_us,
        v,
        hold_seconds,
        marks,
        run_no,
        coalesce(is_window, false) as is_window,
        count(*) over (partition by point_id, run_no) >= {{ standing_limit('stuck_min_readings') }}
        and max(at_us) over (partition by point_id, run_no) - min(at_us) over (partition by point_id, run_no)
        >= {{ microseconds(standing_limit('stuck_min_hours')) }} as is_stuck
    from windowed
),

accepted as (
    select
        *,
        not is_window and not is_stuck and marks & {{ steep }} = 0 as is_accepted
    from in_run
),

held as (
    select
        *,
        min(case when is_accepted then at_us end) over (
            partition by point_id order by at_us desc rows between unbounded preceding and 1 preceding
        ) as next_us,
        min(case when is_accepted then heating_date end) over (
            partition by point_id order by at_us desc rows between unbounded preceding and 1 preceding
        ) as next_date
    from accepted
),

seconds as (
    select
        *,
        {{ whole_division('at_us', '1000000') }} as at_s,
        {{ whole_division('next_us', '1000000') }} as next_s,
        cast(floor(hold_seconds / {{ standing_limit('hold_factor') }}) as bigint) as stands_seconds
    from held
),

weighed as (
    select
        point_id,
        heating_date,
        v,
        marks,
        is_window,
        is_stuck,
        is_accepted,
        hold_seconds is null as is_manual,
        is_accepted and hold_seconds is not null as is_weighed,
        -- The last accepted reading of a day is the only one that can hold beyond it.
        is_accepted and hold_seconds is not null and (next_date is null or next_date > heating_date) as is_last_of_day,
        cast({{ nearest('v * 1000') }} as bigint) as milli_degc,
        least(next_s, at_s + hold_seconds) as until_s,
        least(next_s, at_s + hold_seconds) - at_s as seconds,
        -- What it stands for: its value may hold for several intervals, but it is a reading of one.
        least(next_s, at_s + stands_seconds) as stands_until_s,
        least(next_s - at_s, stands_seconds) as stood_seconds
    from seconds
)

select
    point_id,
    heating_date,
    cast(count(*) as int) as readings,
    cast(count(*) filter (where marks & {{ ok }} > 0) as int) as readings_ok,
    cast(count(*) filter (where is_accepted) as int) as readings_accepted,
    cast(count(*) filter (where is_stuck) as int) as readings_stuck,
    cast(count(*) filter (where marks & {{ jump }} > 0) as int) as readings_jump,
    cast(count(*) filter (where marks & {{ steep }} > 0) as int) as readings_jump_excluded,
    cast(count(*) filter (where marks & {{ spike_return }} > 0) as int) as readings_back_from_spike,
    cast(count(*) filter (where is_window) as int) as readings_window,
    cast(count(*) filter (where marks & {{ low_battery }} > 0) as int) as readings_low_battery,
    cast(count(*) filter (where marks & {{ unusual }} > 0) as int) as readings_unusual,
    cast(count(*) filter (where marks & {{ method }} > 0) as int) as tests_method_flagged,
    cast(sum(cast({{ nearest('v * 1e6') }} as bigint)) filter (where is_manual) as double) / 1e6
    / nullif(count(*) filter (where is_manual), 0) as mean_degc,
    cast(sum(milli_degc * seconds) filter (where is_weighed) as bigint) as milli_degc_seconds,
    cast(sum(seconds) filter (where is_weighed) as bigint) as seconds,
    max(milli_degc) filter (where is_last_of_day) as last_milli_degc,
    max(until_s) filter (where is_last_of_day) as last_until_s,
    cast(sum(stood_seconds) filter (where is_weighed) as bigint) as stood_seconds,
    max(stands_until_s) filter (where is_last_of_day) as last_stands_until_s
from weighed
where {{ made_days('heating_date') }}
group by point_id, heating_date
