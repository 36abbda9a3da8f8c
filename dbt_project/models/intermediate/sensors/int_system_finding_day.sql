{%- set channels = {
    'primary_supply_degc': 'primary supply', 'primary_return_degc': 'primary return',
    'secondary_supply_degc': 'secondary supply', 'secondary_return_degc': 'secondary return',
    'primary_supply_mpa': 'primary supply pressure', 'primary_return_mpa': 'primary return pressure',
    'secondary_supply_mpa': 'secondary supply pressure', 'secondary_return_mpa': 'secondary return pressure',
    'flow_m3_h': 'flow', 'heat_kw': 'heat', 'heat_counter_gj': 'heat counter', 'valve_percent': 'valve', 'make_up_m3_h': 'make-up water',
} -%}
-- What is wrong with which channel of which heating system on which day. Error codes are told by the channel that was left out of its
-- reading; a reading without any other was refused (`all`). `bad` of `total`: readings.
with rejected_system as (
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
    inner join {{ ref('int_limit_period') }} as l on e.heating_date between l.valid_from and l.valid_to
    left join {{ ref('int_system_day') }} as y on e.system_id = y.system_id and e.heating_date = y.heating_date
    left join rejected_system as r on e.system_id = r.system_id and e.heating_date = r.heating_date
)

select
    s.system_id,
    s.heating_date,
    f.finding,
    f.channel,
    cast(f.bad as int) as bad,
    cast(f.total as int) as total
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
