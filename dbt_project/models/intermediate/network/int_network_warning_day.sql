-- Anomalies of the network by system and day, each with its evidence: a rule names what the signals say together.
with signal as (
    select
        s.system_id,
        s.heating_date,
        max(s.value) filter (where s.signal = 'make_up') as make_up,
        max(s.middle) filter (where s.signal = 'make_up') as make_up_middle,
        max(s.robust_z) filter (where s.signal = 'make_up') as make_up_z,
        max(s.value) filter (where s.signal = 'return_pressure') as pressure,
        max(s.middle) filter (where s.signal = 'return_pressure') as pressure_middle,
        max(s.robust_z) filter (where s.signal = 'return_pressure') as pressure_z,
        max(s.value) filter (where s.signal = 'flow_per_valve') as flow,
        max(s.middle) filter (where s.signal = 'flow_per_valve') as flow_middle,
        max(s.robust_z) filter (where s.signal = 'flow_per_valve') as flow_z,
        max(s.value) filter (where s.signal = 'supply_off_curve') as supply,
        max(s.middle) filter (where s.signal = 'supply_off_curve') as supply_middle,
        max(s.robust_z) filter (where s.signal = 'supply_off_curve') as supply_z
    from {{ ref('int_system_signal_day') }} as s
    group by s.system_id, s.heating_date
)

select
    s.system_id,
    s.heating_date,
    w.warning,
    w.value,
    w.usual,
    w.robust_z,
    s.make_up_z,
    s.pressure_z
from signal as s
inner join {{ ref('int_limit_period') }} as l on s.heating_date between l.valid_from and l.valid_to
cross join lateral (
    values
    (
        'leak', s.make_up, s.make_up_middle, s.make_up_z,
        s.make_up_z >= l.warning_z and s.make_up >= l.leak_min_factor * s.make_up_middle
    ),
    (
        'pressure_drop', s.pressure, s.pressure_middle, s.pressure_z,
        s.pressure_z <= -l.warning_z
        and not coalesce(s.make_up_z >= l.warning_z and s.make_up >= l.leak_min_factor * s.make_up_middle, false)
    ),
    ('flow_blocked', s.flow, s.flow_middle, s.flow_z, s.flow_z <= -l.warning_z),
    ('supply_low', s.supply, s.supply_middle, s.supply_z, s.supply_z <= -l.warning_z),
    ('supply_high', s.supply, s.supply_middle, s.supply_z, s.supply_z >= l.warning_z)
) as w (warning, value, usual, robust_z, is_so)
where w.is_so
