-- What is wrong with which instrument on which day, of all kinds of instruments. `ended_on` is the last day of a calibration, often long
-- before the season's first day. An instrument is due from the day after its validity until it is calibrated again; one not brought
-- back for long is out of use.
with calibration_due as (
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
    inner join {{ ref('int_season_day') }} as d
        on d.heating_date > c.valid_until and (c.calibrated_again_on is null or d.heating_date < c.calibrated_again_on)
    inner join {{ ref('int_limit_period') }} as l
        on d.heating_date between l.valid_from and l.valid_to and d.heating_date <= c.valid_until + cast(l.calibration_watch_days as int)
)

select
    'point' as subject_kind,
    point_id as subject_id,
    finding,
    'room' as channel,
    heating_date,
    bad,
    total,
    size_degc,
    cast(null as date) as ended_on
from {{ ref('int_point_finding_day') }}
union all
select 'system', system_id, finding, channel, heating_date, bad, total, null, null
from {{ ref('int_system_finding_day') }}
union all
select 'instrument', serial_no, 'calibration_due', 'calibration', heating_date, 1, 1, null, max(valid_until)
from calibration_due
group by serial_no, heating_date
