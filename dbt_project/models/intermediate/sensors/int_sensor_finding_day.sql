{%- set channels = {
    'primary_supply_degc': 'primary supply', 'primary_return_degc': 'primary return',
    'secondary_supply_degc': 'secondary supply', 'secondary_return_degc': 'secondary return',
    'primary_supply_mpa': 'primary supply pressure', 'primary_return_mpa': 'primary return pressure',
    'secondary_supply_mpa': 'secondary supply pressure', 'secondary_return_mpa': 'secondary return pressure',
    'flow_m3_h': 'flow', 'heat_kw': 'heat', 'heat_counter_gj': 'heat counter', 'valve_percent': 'valve', 'make_up_m3_h': 'make-up water',
} -%}
-- What is wrong with which instrument on which day; a sensor may have several findings. `bad` of `total` is the evidence in numbers:
-- readings, or days; `size_degc` is a step; `ended_on` is the last day of a calibration, often long before the season's first day.
-- Error codes of a system are told by the channel that was left out of its reading; a reading without any other was refused (`all`).
with point_day as (
    select
        p.*,
        coalesce(r.error_rows, 0) as error_rows,
        coalesce(r.impossible_rows, 0) as impossible_rows,
        coalesce(r.rejected_rows, 0) as rejected_rows,
        l.error_min_share,
        l.low_battery_min_share
    from {{ ref('int_point_day') }} as p
    cross join {{ lasting_limits() }} as l
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
        ('silent', 1, 1, p.readings = 0 and p.rejected_rows = 0),
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
    cross join {{ lasting_limits() }} as l
    inner join {{ ref('int_season_day') }} as d on d.heating_date >= s.set_from and d.heating_date < s.set_from + cast(l.moved_watch_days as int)
    where s.point_kind = 'remote' and s.household_id <> s.household_before
),

own_heating as (
    select
        p.point_id,
        p.heating_date,
        count(*) over (
            partition by p.point_id order by p.heating_date
            range between (({{ limit_days('own_heating_min_days') }}) - interval '1 day') preceding and current row
        ) as days,
        l.own_heating_min_days,
        p.value_degc - b.p50_degc as size_degc
    from {{ ref('int_point_day') }} as p
    inner join {{ ref('int_unit_balance_day') }} as b
        on p.heating_date = b.heating_date and b.unit_kind = 'station' and p.station_id = b.unit_id
    cross join {{ lasting_limits() }} as l
    where p.is_judged and p.point_kind = 'remote' and p.value_degc > l.overheated_degc
        and p.value_degc - b.p50_degc >= l.own_heating_over_degc
),

rejected_system as (
    select
        subject_id as system_id,
        heating_date,
        sum(rejected_rows) filter (where reason = 'error_code') as error_rows,
        sum(rejected_rows) as rejected_rows
    from {{ ref('int_rejected_day') }}
    where entity = 'station_reading'
    group by subject_id, heating_date
),

system_day as (
    select
        e.system_id,
        e.heating_date,
        coalesce(y.readings, 0) as readings,
        coalesce(r.error_rows, 0) as error_rows,
        coalesce(r.rejected_rows, 0) as rejected_rows,
        {%- for channel in channels %}
        coalesce(y.{{ channel }}_error_coded, 0) as {{ channel }}_error_coded,
        {%- endfor %}
        y.stuck_channels,
        coalesce(y.primary_swapped_readings, 0) as primary_swapped,
        coalesce(y.secondary_swapped_readings, 0) as secondary_swapped,
        l.error_min_share,
        l.swapped_min_share
    from {{ ref('int_expected_system_day') }} as e
    cross join {{ lasting_limits() }} as l
    left join {{ ref('int_system_day') }} as y on e.system_id = y.system_id and e.heating_date = y.heating_date
    left join rejected_system as r on e.system_id = r.system_id and e.heating_date = r.heating_date
),

system_finding as (
    select
        s.system_id,
        s.heating_date,
        f.finding,
        f.channel,
        f.bad,
        f.total
    from system_day as s
    cross join lateral (
        values
        ('silent', 'all', 1, 1, s.readings = 0 and s.rejected_rows = 0),
        ('stuck', s.stuck_channels, s.readings, s.readings, s.stuck_channels is not null),
        (
            'error_coded', 'all', s.error_rows, s.readings + s.rejected_rows,
            s.error_rows > 0 and s.error_rows >= s.error_min_share * (s.readings + s.rejected_rows)
        ),
        {%- for channel, words in channels.items() %}
        (
            'error_coded', '{{ words }}', s.{{ channel }}_error_coded, s.readings + s.rejected_rows,
            s.{{ channel }}_error_coded > 0 and s.{{ channel }}_error_coded >= s.error_min_share * (s.readings + s.rejected_rows)
        ),
        {%- endfor %}
        ('swapped', 'primary', s.primary_swapped, s.readings, s.readings > 0 and s.primary_swapped >= s.swapped_min_share * s.readings),
        (
            'swapped', 'secondary', s.secondary_swapped, s.readings,
            s.readings > 0 and s.secondary_swapped >= s.swapped_min_share * s.readings
        )
    ) as f (finding, channel, bad, total, is_so)
    where f.is_so
),

-- An instrument is due from the day after its validity until it is calibrated again; one not brought back for long is out of use.
calibration_due as (
    select
        c.serial_no,
        d.heating_date,
        c.valid_until
    from (
        select
            serial_no,
            valid_until,
            lead(calibrated_on) over (partition by serial_no order by calibrated_on) as calibrated_again_on
        from {{ ref('stg_calibration') }}
    ) as c
    cross join {{ lasting_limits() }} as l
    inner join {{ ref('int_season_day') }} as d
        on d.heating_date > c.valid_until and d.heating_date <= c.valid_until + cast(l.calibration_watch_days as int)
        and (c.calibrated_again_on is null or d.heating_date < c.calibrated_again_on)
)

select
    'point' as subject_kind,
    point_id as subject_id,
    finding,
    'room' as channel,
    heating_date,
    cast(bad as int) as bad,
    cast(total as int) as total,
    cast(null as double precision) as size_degc,
    cast(null as date) as ended_on
from point_finding
union all
select 'point', point_id, 'biased', 'room', heating_date, 1, 1, case when step_begins <> 0 then step_degc end, null
from {{ ref('int_point_bias_day') }}
where off_by_sign <> 0
union all
select 'point', point_id, 'own_heating', 'room', heating_date, 1, 1, size_degc, null
from own_heating
where days >= own_heating_min_days
union all
select 'point', point_id, 'moved', 'room', heating_date, 1, 1, null, null
from moved
union all
select 'system', system_id, finding, channel, heating_date, cast(bad as int), cast(total as int), null, null
from system_finding
union all
select 'instrument', serial_no, 'calibration_due', 'calibration', heating_date, 1, 1, null, max(valid_until)
from calibration_due
group by serial_no, heating_date
