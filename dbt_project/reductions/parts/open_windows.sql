{#- Readings taken beside an open window: far below what was read shortly before, and back near it soon after. Windows over hours are costly and
    few readings need them: a stretch of time as long as the longest of them, in which no reading lies that far below one of it or of the stretch
    before, has none. A window is told by what was read up to two stretches before and one after. -#}
{%- set stretch = microseconds([standing_limit('window_drop_hours'), standing_limit('window_recovery_hours')] | map('float') | max) -%}
swing as (
    select
        point_no,
        {{ whole_division('at_us', stretch) }} as stretch_no,
        min(v) as lowest,
        max(v) as highest
    from reading
    group by point_no, {{ whole_division('at_us', stretch) }}
),

beside_swing as (
    select
        *,
        lag(stretch_no) over (partition by point_no order by stretch_no) as stretch_no_before,
        lag(highest) over (partition by point_no order by stretch_no) as highest_before
    from swing
),

swung as (
    select distinct
        b.point_no,
        b.stretch_no + s.step as stretch_no
    from beside_swing as b
    cross join (values (-2), (-1), (0), (1)) as s (step)
    where highest - lowest >= {{ millionths(standing_limit('window_drop_degc')) }}
        or (stretch_no_before = stretch_no - 1 and highest_before - lowest >= {{ millionths(standing_limit('window_drop_degc')) }})
),

around as (
    select
        r.point_no,
        r.at_us,
        r.v,
        r.hold_seconds,
        max(r.v) over (
            partition by r.point_no order by r.at_us desc
            range between current row and {{ microseconds(standing_limit('window_drop_hours')) }} following
        ) as highest_of_hour_before,
        max(r.v) over (
            partition by r.point_no order by r.at_us desc
            range between current row and {{ microseconds(standing_limit('window_recovery_hours')) }} following
        ) as highest_before,
        max(r.v) over (
            partition by r.point_no order by r.at_us desc
            range between {{ microseconds(standing_limit('window_recovery_hours')) }} preceding and 1 preceding
        ) as highest_after
    from reading as r
    inner join swung as s on r.point_no = s.point_no and {{ whole_division('r.at_us', stretch) }} = s.stretch_no
),

told as (
    select
        point_no,
        at_us,
        hold_seconds is not null
        and highest_before - v >= {{ millionths(standing_limit('window_drop_degc')) }}
        and highest_after >= highest_before - {{ millionths(standing_limit('window_recovery_degc')) }}
        and max(
            case when highest_of_hour_before - v >= {{ millionths(standing_limit('window_drop_degc')) }} then 1 else 0 end
        ) over (
            partition by point_no order by at_us desc
            range between current row and {{ microseconds(standing_limit('window_recovery_hours')) }} following
        ) = 1 as is_open
    from around
),

open_window as (
    select
        point_no,
        at_us
    from told
    where is_open
)
