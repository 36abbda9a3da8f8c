{%- set ok, unusual, low_battery, method, jump, steep, spike_return = 1, 2, 4, 8, 16, 32, 64 -%}
{%- macro of_standing_points(column) -%}
    {{ standing.in_days_beyond(column) }} and point_id in (select s.point_id from standing as s)
{%- endmacro -%}
-- Readings of every point, by local day: the one place where readings of rooms are read.
-- Each point's series is walked once, newest reading first, so that "until the next accepted reading" is a running minimum, and added up by
-- day at once. What it costs is the number of columns carried from window to window, so the marks of a reading travel in one number.
-- The costly windows are spared: those over hours look at swings alone (parts/open_windows.sql), and runs are told by where they begin and end.
-- The limits of series hold for all days (`standing_limit`): a series knows no edge between two days.
-- A reading of a device that resolves r degrees may be off by half of it, so two readings prove a change only beyond r: one step of
-- a whole-degree sensor that sends every 5 minutes is no 12 degC an hour. Instants are whole microseconds, so that exactly is exactly.
with {% if standing -%}
{% include 'parts/standing.sql' %},

{% endif -%}
picked as (
    {% include 'picked/room_reading.sql' %}
    {%- if standing %}
    union all
    {% with in_days = of_standing_points %}{% include 'picked/room_reading.sql' %}{% endwith %}
    {%- endif %}
),

-- Windows sort by a number at half of what names cost.
numbered as (
    select
        *,
        cast(dense_rank() over (order by point_id) as int) as point_no
    from point_setting
),

reading as (
    select
        s.point_no,
        {{ local_date('r.read_at') }} as heating_date,
        {{ epoch_us('r.read_at') }} as at_us,
        -- In millionths of a degree, whole, so that a fall of exactly 2 degC is one of exactly 2 degC.
        cast({{ nearest('r.temperature_degc * 1e6') }} as bigint) as v,
        -- Null for tests made by people: they go along and are never excluded.
        s.hold_seconds,
        -- Null where a steady value says nothing.
        s.silence_seconds,
        cast({{ nearest('coalesce(s.resolution_degc, 0) * 1e6') }} as bigint) as resolution,
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
    inner join numbered as s
        on r.point_id = s.point_id and r.read_at >= s.set_from_at and r.read_at < s.set_before_at
    where r.nth = 1
),

{% include 'parts/open_windows.sql' %},

-- Each point's series runs backwards in time: what leads is older. A run goes on while the value stays and no silence is too long.
beside as (
    select
        *,
        row_number() over backwards as nth,
        lead(v) over backwards as v_before,
        lead(v, 2) over backwards as v_before_that,
        (at_us - lead(at_us) over backwards) / 3600000000 as hours_since,
        (at_us - lead(at_us, 2) over backwards) / 3600000000 as hours_since_that,
        coalesce(
            {{ nearest('v / 1e5') }} = lag({{ nearest('v / 1e5') }}) over backwards
            and (lag(at_us) over backwards) - at_us <= cast(silence_seconds as bigint) * 1000000,
            false
        ) as goes_on,
        coalesce(
            {{ nearest('v / 1e5') }} = lead({{ nearest('v / 1e5') }}) over backwards
            and at_us - lead(at_us) over backwards <= cast(lead(silence_seconds) over backwards as bigint) * 1000000,
            false
        ) as went_on
    from reading
    window backwards as (partition by point_no order by at_us desc)
),

marked as (
    select
        point_no,
        heating_date,
        at_us,
        v,
        hold_seconds,
        nth,
        goes_on,
        went_on,
        marks + case
            when hold_seconds is null then 0
            when (abs(v - v_before) - resolution) / hours_since > {{ millionths(standing_limit('jump_exclude_degc_per_h')) }}
                then {{ jump }} + case
                    when (abs(v_before - v_before_that) - resolution) / (hours_since_that - hours_since)
                        > {{ millionths(standing_limit('jump_exclude_degc_per_h')) }}
                        and (abs(v - v_before_that) - resolution) / hours_since_that
                        <= {{ millionths(standing_limit('jump_exclude_degc_per_h')) }}
                        then {{ spike_return }}
                    else {{ steep }}
                end
            when (abs(v - v_before) - resolution) / hours_since > {{ millionths(standing_limit('jump_flag_degc_per_h')) }} then {{ jump }}
            else 0
        end as marks
    from beside
),

-- The last and the first reading of the run a reading is of.
runs as (
    select
        *,
        max(case when not goes_on then nth end) over upto_here as last_nth,
        min(case when not goes_on then at_us end) over upto_here as last_us,
        min(case when not went_on then nth end) over from_here as first_nth,
        max(case when not went_on then at_us end) over from_here as first_us
    from marked
    window
        upto_here as (partition by point_no order by at_us desc rows between unbounded preceding and current row),
        from_here as (partition by point_no order by at_us desc rows between current row and unbounded following)
),

in_run as (
    select
        r.point_no,
        r.heating_date,
        r.at_us,
        r.v,
        r.hold_seconds,
        r.marks,
        w.at_us is not null as is_window,
        r.first_nth - r.last_nth + 1 >= {{ standing_limit('stuck_min_readings') }}
        and r.last_us - r.first_us >= {{ microseconds(standing_limit('stuck_min_hours')) }} as is_stuck
    from runs as r
    left join open_window as w on r.point_no = w.point_no and r.at_us = w.at_us
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
            partition by point_no order by at_us desc rows between unbounded preceding and 1 preceding
        ) as next_us,
        min(case when is_accepted then heating_date end) over (
            partition by point_no order by at_us desc rows between unbounded preceding and 1 preceding
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
        point_no,
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
        cast({{ nearest('v / 1e3') }} as bigint) as milli_degc,
        least(next_s, at_s + hold_seconds) as until_s,
        least(next_s, at_s + hold_seconds) - at_s as seconds,
        -- What it stands for: its value may hold for several intervals, but it is a reading of one.
        least(next_s, at_s + stands_seconds) as stands_until_s,
        least(next_s - at_s, stands_seconds) as stood_seconds
    from seconds
),

point as (
    select distinct
        point_no,
        point_id
    from numbered
)

select
    p.point_id,
    w.heating_date,
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
    cast(sum(v) filter (where is_manual) as double) / 1e6
    / nullif(count(*) filter (where is_manual), 0) as mean_degc,
    cast(sum(milli_degc * seconds) filter (where is_weighed) as bigint) as milli_degc_seconds,
    cast(sum(seconds) filter (where is_weighed) as bigint) as seconds,
    max(milli_degc) filter (where is_last_of_day) as last_milli_degc,
    max(until_s) filter (where is_last_of_day) as last_until_s,
    cast(sum(stood_seconds) filter (where is_weighed) as bigint) as stood_seconds,
    max(stands_until_s) filter (where is_last_of_day) as last_stands_until_s
from weighed as w
inner join point as p on w.point_no = p.point_no
where {{ made_days('w.heating_date') }}
{%- if standing %}
    or ({{ standing.made_days('w.heating_date') }} and p.point_id in (select s.point_id from standing as s))
{%- endif %}
group by p.point_id, w.heating_date
