-- Anomalies of the last known day, the strongest first. How long one has lasted counts the days in a row up to it.
with horizon as (
    select d.season, d.season_start, h.as_of_date
    from (
        select max(y.heating_date) as as_of_date
        from {{ ref('int_system_day') }} as y
        inner join {{ ref('int_season_day') }} as s on y.heating_date = s.heating_date
    ) as h
    inner join {{ ref('int_season_day') }} as d on h.as_of_date = d.heating_date
),

-- Days of the same warning in a row have the same difference of date and number.
numbered as (
    select
        w.*,
        h.season,
        h.as_of_date,
        w.heating_date - cast(row_number() over (partition by w.system_id, w.warning order by w.heating_date) as int) as run_key
    from {{ ref('int_network_warning_day') }} as w
    inner join horizon as h on w.heating_date between h.season_start and h.as_of_date
),

lasting as (
    select
        *,
        min(heating_date) over (partition by system_id, warning, run_key) as since_date
    from numbered
),

placed as (
    select
        n.*,
        y.station_id,
        abs(n.robust_z) as strength
    from lasting as n
    left join {{ ref('int_system_day') }} as y on n.system_id = y.system_id and n.heating_date = y.heating_date
    where n.heating_date = n.as_of_date
)

select
    season,
    as_of_date,
    cast(row_number() over (
        order by case when warning = 'leak' then 0 else 1 end asc, strength desc, system_id asc, warning asc
    ) as int) as priority,
    station_id,
    system_id,
    warning,
    since_date,
    as_of_date - since_date + 1 as lasting_days,
    value,
    usual,
    robust_z,
    make_up_z,
    pressure_z,
    case warning
        when 'leak' then 'Make-up water ' || round(cast(value as numeric), 2) || ' m3/h, usually ' || round(cast(usual as numeric), 2)
            || case when pressure_z <= -3 then ', and the return pressure has fallen with it.' else '.' end
        when 'pressure_drop' then 'Return pressure ' || round(cast(value as numeric), 3) || ' MPa, usually '
            || round(cast(usual as numeric), 3) || ', without more make-up water.'
        when 'flow_blocked' then 'Primary flow per fully open valve ' || round(cast(value as numeric), 1) || ' m3/h, usually '
            || round(cast(usual as numeric), 1) || '.'
        when 'supply_low' then 'Secondary supply ' || round(cast(-value as numeric), 1) || ' degC below the system''s own curve.'
        when 'supply_high' then 'Secondary supply ' || round(cast(value as numeric), 1) || ' degC above the system''s own curve.'
    end as evidence,
    case warning
        when 'leak' then '补水' || round(cast(value as numeric), 2) || ' m3/h，平时' || round(cast(usual as numeric), 2)
            || case when pressure_z <= -3 then '，回水压力同时下降。' else '。' end
        when 'pressure_drop' then '回水压力' || round(cast(value as numeric), 3) || ' MPa，平时' || round(cast(usual as numeric), 3)
            || '，补水未增加。'
        when 'flow_blocked' then '折合阀门全开一次流量' || round(cast(value as numeric), 1) || ' m3/h，平时'
            || round(cast(usual as numeric), 1) || '。'
        when 'supply_low' then '二次供温低于本系统曲线' || round(cast(-value as numeric), 1) || '℃。'
        when 'supply_high' then '二次供温高于本系统曲线' || round(cast(value as numeric), 1) || '℃。'
    end as evidence_zh,
    case warning
        when 'leak' then 'Look for the leak on the secondary side: close branch by branch and watch the make-up water.'
        when 'pressure_drop' then 'Check the pressure keeping (pump, vessel) and the gauge.'
        when 'flow_blocked' then 'Clean the strainer and check the valve: it opens further for the same flow.'
        when 'supply_low' then 'Check the exchanger, the primary supply and the controller before the rooms cool.'
        when 'supply_high' then 'Check the controller and the outdoor sensor: heat is wasted.'
    end as what_to_do,
    case warning
        when 'leak' then '查二次网漏点：逐支路关闭，观察补水。'
        when 'pressure_drop' then '查定压装置和压力表。'
        when 'flow_blocked' then '清洗除污器、查调节阀：同样流量开度变大。'
        when 'supply_low' then '在室温下降前查换热器、一次供水和控制器。'
        when 'supply_high' then '查控制器和室外温度传感器：在浪费热量。'
    end as what_to_do_zh
from placed
