-- What is wrong with which automatic measuring point on which day; a point may have several findings. `bad` of `total` is the evidence in
-- numbers, of readings or days; `size_degc` is a step against the other points, or the distance from them.
-- A point that no register told of is silent from its own first day on: nobody can say that it hung there before.
with self_named as (
    select distinct point_id
    from {{ ref('stg_measuring_point') }}
    where names_itself
),

first_day as (
    select
        p.point_id,
        min(p.heating_date) filter (where p.readings > 0) as first_date
    from {{ ref('int_point_day') }} as p
    inner join self_named as s on p.point_id = s.point_id
    group by p.point_id
),

point_day as (
    select
        p.*,
        s.point_id is null or coalesce(p.heating_date >= f.first_date, false) as may_be_silent,
        coalesce(r.error_rows, 0) as error_rows,
        coalesce(r.impossible_rows, 0) as impossible_rows,
        coalesce(r.rejected_rows, 0) as rejected_rows,
        l.error_min_share,
        l.low_battery_min_share
    from {{ ref('int_point_day') }} as p
    inner join {{ ref('int_limit_period') }} as l on p.heating_date between l.valid_from and l.valid_to
    left join (
        select
            subject_id,
            heating_date,
            sum(rejected_rows) filter (where reason = 'error_code') as error_rows,
            sum(rejected_rows) filter (where reason = 'out_of_range') as impossible_rows,
            sum(rejected_rows) as rejected_rows
        from {{ ref('int_rejected_day') }}
        where entity = 'room_reading'
        group by subject_id, heating_date
    ) as r on p.point_id = r.subject_id and p.heating_date = r.heating_date
    left join self_named as s on p.point_id = s.point_id
    left join first_day as f on p.point_id = f.point_id
    where p.point_kind = 'remote' and p.season is not null and p.judged_reason <> 'point_not_in_use'
),

point_finding as (
    select
        p.point_id,
        p.heating_date,
        f.finding,
        f.bad,
        f.total
    from point_day as p
    cross join lateral (
        values
        ('silent', 1, 1, p.readings = 0 and p.rejected_rows = 0 and p.may_be_silent),
        ('stuck', p.readings_stuck, p.readings, p.readings_stuck > 0),
        (
            'error_coded', p.error_rows, p.readings + p.rejected_rows,
            p.error_rows > 0 and p.error_rows >= p.error_min_share * (p.readings + p.rejected_rows)
        ),
        (
            'drifting', p.impossible_rows, p.readings + p.rejected_rows,
            p.impossible_rows > 0 and p.impossible_rows >= p.error_min_share * (p.readings + p.rejected_rows)
        ),
        (
            'low_battery', p.readings_low_battery, p.readings,
            p.readings_low_battery > 0 and p.readings_low_battery >= p.low_battery_min_share * p.readings
        )
    ) as f (finding, bad, total, is_so)
    where f.is_so
),

moved as (
    select distinct
        s.point_id,
        d.heating_date
    from (
        select
            point_id,
            point_kind,
            set_from,
            household_id,
            lag(household_id) over (partition by point_id order by set_from) as household_before
        from {{ ref('int_point_setting') }}
    ) as s
    inner join {{ ref('int_season_day') }} as d on d.heating_date >= s.set_from
    inner join {{ ref('int_limit_period') }} as l
        on d.heating_date between l.valid_from and l.valid_to and d.heating_date < s.set_from + cast(l.moved_watch_days as int)
    where s.point_kind = 'remote' and s.household_id <> s.household_before
),

own_heating as (
    select
        p.point_id,
        p.heating_date,
        count(*) over recent as days,
        l.own_heating_min_days,
        p.value_degc - b.p50_degc as size_degc
    from {{ ref('int_point_day') }} as p
    inner join {{ ref('int_unit_balance_day') }} as b
        on p.heating_date = b.heating_date and b.unit_kind = 'station' and p.station_id = b.unit_id
    inner join {{ ref('int_limit_period') }} as l on p.heating_date between l.valid_from and l.valid_to
    where p.is_judged and p.point_kind = 'remote' and p.value_degc > l.overheated_degc
        and round(cast(p.value_degc - b.p50_degc as numeric), 6) >= l.own_heating_over_degc
    window
        recent as (
            partition by p.point_id order by p.heating_date
            range between (({{ standing_limit('own_heating_min_days') }} - 1) * interval '1 day') preceding and current row
        )
)

select
    point_id,
    finding,
    heating_date,
    cast(bad as int) as bad,
    cast(total as int) as total,
    cast(null as double precision) as size_degc
from point_finding
union all
select point_id, 'biased', heating_date, 1, 1, case when step_begins <> 0 then step_degc end
from {{ ref('int_point_bias_day') }}
where off_by_sign <> 0
union all
select point_id, 'own_heating', heating_date, 1, 1, size_degc
from own_heating
where days >= own_heating_min_days
union all
select point_id, 'moved', heating_date, 1, 1, null
from moved
