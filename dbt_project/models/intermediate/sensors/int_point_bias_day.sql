-- Whether an automatic point has stepped away from the others. A point's distance from the middle of all automatic points of the
-- day takes the weather out; the mean distance of the last days less that of the weeks before takes the home out. What is left is a
-- step: a knocked or moved sensor, a heater beside it, a window over it. A point is off from a step on until a step back, or until its
-- season ends: a running sum of steps. Limits of the method: nothing can be said in a season's first three weeks, a bias that was
-- always there is the home, and a home that was cured steps too.
with judged as (
    select
        point_id,
        heating_date,
        season,
        value_degc
    from {{ ref('int_point_day') }}
    where point_kind = 'remote' and season is not null and value_degc is not null and completeness >= 0.5
),

middle as (
    select
        heating_date,
        count(*) as points,
        percentile_cont(0.5) within group (order by value_degc) as middle_degc
    from judged
    group by heating_date
),

away as (
    select
        j.point_id,
        j.season,
        j.heating_date,
        l.bias_min_recent_days,
        l.bias_min_before_days,
        l.bias_step_degc,
        case when m.points > l.bias_min_peers then j.value_degc - m.middle_degc end as away_degc
    from judged as j
    inner join middle as m on j.heating_date = m.heating_date
    inner join {{ ref('int_limit_period') }} as l on j.heating_date between l.valid_from and l.valid_to
),

compared as (
    select
        *,
        count(away_degc) over recent as recent_days,
        avg(away_degc) over recent as recent_degc,
        count(away_degc) over earlier as before_days,
        avg(away_degc) over earlier as before_degc
    from away
    window
        recent as (
            partition by point_id, season order by heating_date
            range between (({{ standing_limit('bias_recent_days') }} - 1) * interval '1 day') preceding and current row
        ),
        earlier as (
            partition by point_id, season order by heating_date
            range between (({{ standing_limit('bias_recent_days') }} + {{ standing_limit('bias_before_days') }} - 1) * interval '1 day') preceding
            and ({{ standing_limit('bias_recent_days') }} * interval '1 day') preceding
        )
),

stepped as (
    select
        *,
        recent_degc - before_degc as step_degc,
        case
            when recent_days < bias_min_recent_days or before_days < bias_min_before_days then 0
            when round(cast(recent_degc - before_degc as numeric), 6) >= bias_step_degc then 1
            when round(cast(recent_degc - before_degc as numeric), 6) <= -bias_step_degc then -1
            else 0
        end as step_sign
    from compared
),

begun as (
    select
        *,
        case
            when step_sign <> 0 and step_sign <> coalesce(lag(step_sign) over (partition by point_id, season order by heating_date), 0)
                then step_sign
            else 0
        end as begins
    from stepped
)

select
    point_id,
    season,
    heating_date,
    away_degc,
    step_degc,
    cast(begins as int) as step_begins,
    -- +1: reads too much since a step, -1: too little, 0: as it always did.
    cast(sum(begins) over (partition by point_id, season order by heating_date) as int) as off_by_sign
from begun
