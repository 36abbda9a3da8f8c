-- Open yellow cards of the instruments on the last known day: one row each, with what is known and what to do.
with horizon as (
    select season, max(heating_date) as as_of_date
    from {{ ref('int_season_day') }}
    group by season
    order by as_of_date desc
    limit 1
),

open_card as (
    select c.*, h.as_of_date
    from {{ ref('int_sensor_card') }} as c
    inner join horizon as h on c.season = h.season
    inner join {{ ref('int_limit_period') }} as l on h.as_of_date between l.valid_from and l.valid_to
    where c.last_date >= h.as_of_date - cast(l.card_gap_days as int)
),

-- Joined as sets: after an outage of a collector every point of a city has a card.
point_place as (
    select distinct on (c.subject_id, c.finding, c.channel)
        c.subject_kind,
        c.subject_id,
        c.finding,
        c.channel,
        d.station_id,
        d.branch_id,
        d.building_id
    from open_card as c
    inner join {{ ref('int_point_day') }} as d
        on c.subject_id = d.point_id and d.heating_date between c.first_date and c.last_date
    where c.subject_kind = 'point'
    order by c.subject_id asc, c.finding asc, c.channel asc, d.heating_date desc
),

system_place as (
    select distinct on (d.system_id)
        'system' as subject_kind,
        d.system_id as subject_id,
        d.station_id
    from {{ ref('int_system_day') }} as d
    order by d.system_id asc, d.heating_date desc
),

placed as (
    select
        c.*,
        coalesce(p.station_id, y.station_id) as station_id,
        p.branch_id,
        p.building_id
    from open_card as c
    left join point_place as p using (subject_kind, subject_id, finding, channel)
    left join system_place as y using (subject_kind, subject_id)
)

select
    p.subject_kind || ':' || p.subject_id || ':' || p.finding || ':' || p.channel as card_id,
    p.subject_kind,
    p.subject_id,
    p.finding,
    p.channel,
    p.season,
    p.first_date as since_date,
    p.last_date as last_seen_date,
    p.as_of_date,
    p.as_of_date - p.first_date + 1 as open_days,
    p.station_id,
    p.branch_id,
    p.building_id,
    p.bad as bad_readings,
    p.total as total_readings,
    p.size_degc,
    case p.finding
        when 'silent' then 'No reading on ' || p.days || ' day(s).'
        when 'stuck' then 'The same value for ' || p.days || ' day(s): ' || p.channel || '.'
        when 'error_coded' then p.bad || ' of ' || p.total || ' readings were error codes (' || p.channel || ').'
        when 'drifting' then p.bad || ' of ' || p.total || ' readings were impossible temperatures.'
        when 'biased' then 'It stepped by ' || round(cast(p.size_degc as numeric), 1) || ' degC against the other points.'
        when 'moved' then 'The register says that it moved to another home.'
        when 'low_battery' then p.bad || ' of ' || p.total || ' readings came with a low battery.'
        when 'own_heating' then 'It reads ' || round(cast(p.size_degc as numeric), 1) || ' degC more than the middle of its station, for days.'
        when 'swapped' then p.bad || ' of ' || p.total || ' readings had a return warmer than the supply (' || p.channel || ').'
        when 'calibration_due' then 'Its calibration ended on ' || p.ended_on || '.'
    end as evidence,
    case p.finding
        when 'silent' then p.days || '天无数据。'
        when 'stuck' then p.days || '天数值不变：' || p.channel || '。'
        when 'error_coded' then p.total || '条中' || p.bad || '条为故障码（' || p.channel || '）。'
        when 'drifting' then p.total || '条中' || p.bad || '条超出可能范围。'
        when 'biased' then '相对其他测点突变' || round(cast(p.size_degc as numeric), 1) || '℃。'
        when 'moved' then '台账显示已移装到另一户。'
        when 'low_battery' then p.total || '条中' || p.bad || '条电池电压低。'
        when 'own_heating' then '连续多日高于本站中位' || round(cast(p.size_degc as numeric), 1) || '℃。'
        when 'swapped' then p.total || '条中' || p.bad || '条回水高于供水（' || p.channel || '）。'
        when 'calibration_due' then '检定有效期至' || p.ended_on || '。'
    end as evidence_zh,
    case p.finding
        when 'silent' then 'Look at power, card and antenna; replace the device if it stays silent.'
        when 'stuck' then 'Restart the device; replace the probe if the value still stands.'
        when 'error_coded' then 'Check the probe and its cable; its values are left out, rows without any other wait in quarantine.'
        when 'drifting' then 'Check the unit it is set to (degF for degC?) and replace the probe if that is right.'
        when 'biased' then 'Compare it with a calibrated thermometer in the room; look for a heater, a window or a pipe beside it.'
        when 'moved' then 'Confirm home and room, and the label on the device.'
        when 'low_battery' then 'Change the battery on the next round.'
        when 'own_heating' then 'Ask about a heater or a stove of their own; move the sensor if it stands over a radiator.'
        when 'swapped' then 'Change supply and return over at the terminals; readings are turned round until then.'
        when 'calibration_due' then 'Bring it to the laboratory, and measure with another one until then.'
    end as what_to_do,
    case p.finding
        when 'silent' then '查电源、卡和天线；仍无数据则更换。'
        when 'stuck' then '重启设备；数值仍不变则更换探头。'
        when 'error_coded' then '查探头和线缆；其数值不采用，无其他测值的数据在隔离区。'
        when 'drifting' then '查单位设置（华氏/摄氏）；无误则更换探头。'
        when 'biased' then '用检定过的温度计比对；查是否靠近热源、窗或管道。'
        when 'moved' then '核对户号、房间和设备标签。'
        when 'low_battery' then '下次巡检换电池。'
        when 'own_heating' then '询问是否自备采暖；若装在散热器上方则移位。'
        when 'swapped' then '在端子处调换供回水；在此之前数据已自动对调。'
        when 'calibration_due' then '送检，在此之前换用其他器具。'
    end as what_to_do_zh
from placed as p
