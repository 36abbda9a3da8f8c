{%- set measured = {
    'primary_supply_degc': 'primary supply', 'primary_return_degc': 'primary return',
    'secondary_supply_degc': 'secondary supply', 'secondary_return_degc': 'secondary return',
    'primary_supply_mpa': 'primary supply pressure', 'primary_return_mpa': 'primary return pressure',
    'secondary_supply_mpa': 'secondary supply pressure', 'secondary_return_mpa': 'secondary return pressure',
    'flow_m3_h': 'flow',
} %}
{%- set steered = ['heat_kw', 'valve_percent', 'make_up_m3_h'] %}
{%- set channels = (measured | list) + steered %}
{%- set metered = channels + ['heat_counter_gj'] %}
-- One row per heating system and time: a day that is exported again says the same; a reading that lacks no channel goes before one that
-- does, then what was sent live before a replay.
-- Each heating system and local day: the one place where readings of systems are read. A day's value is the mean of its hours'
-- means, so that a day of five-minute readings and one of hourly ones weigh their hours alike; with too few hours there is none.
-- Sums are of whole thousandths, of hours' means whole billionths, of heat whole joules (a small meter's step is less than a
-- thousandth of a GJ), so that their order cannot matter.
-- A supply colder than its return is one whose channels are changed over: the reading is turned round and counted. One that has only
-- one of the two cannot tell: it goes by the day's others, and is turned where `swapped_min_share` of them are. A channel that was left
-- out of its row (an error code, a value out of range) is missing in its own means alone; error codes are counted by channel. One that
-- shows one and the same value all day is stuck and has no value (valves and make-up water may stand still).
-- Heat is what the counter counts from reading to reading, in the day in whose half the step lies. A counter that falls to what can
-- have been used since the last reading has begun anew; one that falls to anything else has lied once, and steps are taken from the
-- highest of the day before. Over more than a day nothing is told, neither heat nor whether the counter fell: such a step would lie in
-- a day far from its readings. One faster than a counter can count is a leap and counts nothing. A day whose steps make up too few hours
-- has no heat: a part of a day is not the day's.
with picked as (
    select
        *,
        row_number() over (
            partition by system_id, read_at
            order by
                source_version desc,
                (left_out is not null) asc,
                coalesce(is_replay, false) asc,
                arrived_at desc,
                feed asc,
                position desc
        ) as nth
    from station_reading
    -- A step reaches half a day over the edge of its day, the falls before it a day further.
    where {{ not_waiting('feed') }} and {{ in_days('read_at') }}
),

dated as (
    select *, {{ local_date('read_at') }} as heating_date, {{ epoch_us('read_at') }} as at_us
    from picked
    where nth = 1
),

told as (
    select
        r.*,
        {%- for side in ['primary', 'secondary'] %}
        coalesce({{ nearest('(r.' ~ side ~ '_return_degc - r.' ~ side ~ '_supply_degc) * 1e6') }} > {{ nearest('l.swap_min_degc * 1e6') }}, false) as is_{{ side }}_swapped,
        (r.{{ side }}_return_degc is null) <> (r.{{ side }}_supply_degc is null) as is_{{ side }}_unpaired,
        {%- endfor %}
        l.swapped_min_share,
        l.heat_max_kw * 36e-4 / 3600 as most_gj_per_s
    from dated as r
    inner join limit_period as l on r.heating_date between l.valid_from and l.valid_to
),

reading as (
    select
        system_id,
        station_id,
        at_us,
        heating_date,
        {{ hour_no('read_at') }} as hour_no,
        {%- for side in ['primary', 'secondary'] %}
        is_{{ side }}_swapped,
        is_{{ side }}_unpaired,
        {%- endfor %}
        {%- for channel in metered %}
        {{ channel }},
        {%- endfor %}
        left_out,
        swapped_min_share,
        most_gj_per_s
    from told
),

-- Days whose pairs are changed over; few.
turned_day as (
    select
        system_id,
        heating_date,
        {%- for side in ['primary', 'secondary'] %}
        count(*) filter (where is_{{ side }}_swapped) > 0 and count(*) filter (where is_{{ side }}_swapped)
        >= max(swapped_min_share) * count({{ side }}_return_degc - {{ side }}_supply_degc) - 1e-9 as is_{{ side }}_turned{{ "," if not loop.last }}
        {%- endfor %}
    from reading
    where {{ made_days('heating_date') }}
    group by system_id, heating_date
    having bool_or(is_primary_swapped or is_secondary_swapped)
),

turned as (
    select
        r.system_id,
        r.station_id,
        r.heating_date,
        r.hour_no,
        {%- for side in ['primary', 'secondary'] %}
            {%- set is_so = 'r.is_' ~ side ~ '_swapped or (r.is_' ~ side ~ '_unpaired and t.is_' ~ side ~ '_turned)' %}
        r.is_{{ side }}_swapped,
        r.is_{{ side }}_unpaired,
        case when {{ is_so }} then r.{{ side }}_return_degc else r.{{ side }}_supply_degc end as {{ side }}_supply_degc,
        case when {{ is_so }} then r.{{ side }}_supply_degc else r.{{ side }}_return_degc end as {{ side }}_return_degc,
        {%- endfor %}
        {%- for channel in channels if not channel.endswith('_degc') %}
        r.{{ channel }},
        {%- endfor %}
        r.left_out
    from reading as r
    left join turned_day as t on r.system_id = t.system_id and r.heating_date = t.heating_date
    where {{ made_days('r.heating_date') }}
),

by_hour as (
    select
        system_id,
        heating_date,
        hour_no,
        max(station_id) as station_id,
        count(*) as readings,
        {%- for channel in channels %}
            {%- set thousandths = 'cast(sum(cast(' ~ nearest(channel ~ ' * 1000') ~ ' as int)) as bigint)' %}
            {%- set doubled = '(2000000 * ' ~ thousandths ~ ' + case when ' ~ thousandths ~ ' < 0 then -count(' ~ channel ~ ') else count(' ~ channel ~ ') end)' %}
        -- The mean in billionths, half away from zero, in whole numbers.
        {{ whole_division(doubled, 'nullif(2 * count(' ~ channel ~ '), 0)') }} as {{ channel }},
            {%- if channel in measured %}
        min({{ channel }}) as {{ channel }}_low,
        max({{ channel }}) as {{ channel }}_high,
            {%- endif %}
        {%- endfor %}
        count(*) filter (where is_primary_swapped) as primary_swapped,
        {%- for channel in metered %}
        count(*) filter (where left_out like '%{{ channel }}:error_code%') as {{ channel }}_error_coded,
        {%- endfor %}
        count(*) filter (where is_primary_unpaired) as primary_unpaired,
        count(*) filter (where is_secondary_unpaired) as secondary_unpaired,
        count(*) filter (where is_secondary_swapped) as secondary_swapped
    from turned
    group by system_id, heating_date, hour_no
),

step as (
    select
        system_id,
        at_us,
        heat_counter_gj as gj,
        most_gj_per_s,
        lag(at_us) over (partition by system_id order by at_us) as before_us,
        lag(heat_counter_gj) over (partition by system_id order by at_us) as gj_before
    from reading
    where heat_counter_gj is not null
),

marked as (
    select
        *,
        (at_us - before_us) / 1000000 as seconds,
        coalesce(gj < gj_before and gj <= (at_us - before_us) / 1000000 * most_gj_per_s, false) as is_reset
    from step
    where at_us - before_us <= 86400000000
),

counted as (
    select
        *,
        coalesce(gj < gj_before and not is_reset, false) as is_fall,
        sum(case when is_reset then 1 else 0 end) over (partition by system_id order by at_us) as meter_no
    from marked
),

-- A counter without a fall stands highest at the reading before. Falls are few: only near them the day before is searched, by
-- joining each to the rows of its day and of the next.
near_fall as (
    select c.system_id, c.at_us, max(f.gj_before) as highest_gj
    from counted as c
    inner join (
        select f.system_id, f.meter_no, f.before_us, f.gj_before, floor(f.before_us / 86400000000) + v.later as day_no
        from counted as f
        cross join (select 0 as later union all select 1) as v
        where f.is_fall
    ) as f
        on c.system_id = f.system_id and c.meter_no = f.meter_no and floor(c.at_us / 86400000000) = f.day_no
        and f.before_us < c.at_us and f.before_us >= c.at_us - 86400000000
    group by c.system_id, c.at_us
),

used as (
    select
        c.system_id,
        {{ local_date_of_us(whole_division('c.before_us + c.at_us', '2')) }} as heating_date,
        c.is_reset,
        c.is_fall,
        c.seconds * c.most_gj_per_s as most_gj,
        c.seconds,
        case
            when c.is_reset then c.gj
            else greatest(c.gj - greatest(c.gj_before, n.highest_gj), 0)
        end as used_gj
    from counted as c
    left join near_fall as n on c.system_id = n.system_id and c.at_us = n.at_us
),

heat as (
    select
        system_id,
        heating_date,
        cast(sum(cast({{ nearest('used_gj * 1e9') }} as bigint)) filter (where used_gj <= most_gj) as double) / 1e9 as energy_gj,
        cast(sum(cast({{ nearest('seconds') }} as bigint)) filter (where used_gj <= most_gj) as double) / 3600 as counted_hours,
        count(*) filter (where is_reset) as counter_resets,
        count(*) filter (where is_fall) as counter_falls,
        count(*) filter (where used_gj > most_gj) as counter_leaps
    from used
    where {{ made_days('heating_date') }}
    group by system_id, heating_date
),

by_day as (
    select
        system_id,
        heating_date,
        max(station_id) as station_id,
        sum(readings) as readings,
        count(*) as hours,
        sum(primary_swapped) as primary_swapped,
        sum(secondary_swapped) as secondary_swapped,
        sum(primary_unpaired) as primary_unpaired,
        sum(secondary_unpaired) as secondary_unpaired,
        {%- for channel in metered %}
        sum({{ channel }}_error_coded) as {{ channel }}_error_coded,
        {%- endfor %}
        {%- for channel in channels %}
        cast(sum({{ channel }}) as double) / nullif(count({{ channel }}), 0) / 1e9 as {{ channel }},
            {%- if channel in measured %}
        max({{ channel }}_high) - min({{ channel }}_low) as {{ channel }}_range,
            {%- endif %}
        count({{ channel }}) as {{ channel }}_hours{{ "," if not loop.last }}
        {%- endfor %}
    from by_hour
    group by system_id, heating_date
)

select
    d.system_id,
    d.station_id,
    d.heating_date,
    cast(d.readings as int) as readings,
    cast(d.hours as int) as hours,
    d.hours >= l.system_day_min_hours as is_complete,
    {%- for channel in measured %}
    case when d.{{ channel }}_hours >= l.system_day_min_hours and d.{{ channel }}_range > 0 then d.{{ channel }} end as {{ channel }},
    {%- endfor %}
    {%- for channel in steered %}
    case when d.{{ channel }}_hours >= l.system_day_min_hours then d.{{ channel }} end as {{ channel }},
    {%- endfor %}
    cast(case when h.counted_hours >= l.system_day_min_hours then h.energy_gj end as double) as energy_gj,
    cast(coalesce(h.counter_resets, 0) as int) as counter_resets,
    cast(coalesce(h.counter_falls, 0) as int) as counter_falls,
    cast(coalesce(h.counter_leaps, 0) as int) as counter_leaps,
    cast(d.primary_swapped as int) as primary_swapped_readings,
    cast(d.secondary_swapped as int) as secondary_swapped_readings,
    cast(d.primary_unpaired as int) as primary_unpaired_readings,
    cast(d.secondary_unpaired as int) as secondary_unpaired_readings,
    {%- for channel in metered %}
    cast(d.{{ channel }}_error_coded as int) as {{ channel }}_error_coded,
    {%- endfor %}
    nullif(concat_ws(
        ', ',
        {%- for channel, words in measured.items() %}
        case when d.{{ channel }}_hours >= l.system_day_min_hours and d.{{ channel }}_range = 0 then '{{ words }}' end{{ "," if not loop.last }}
        {%- endfor %}
    ), '') as stuck_channels
from by_day as d
inner join limit_period as l on d.heating_date between l.valid_from and l.valid_to
left join heat as h on d.system_id = h.system_id and d.heating_date = h.heating_date
