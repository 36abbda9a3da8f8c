{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_ranges() }}"
) }}
{%- set ranges = rebuild_ranges() %}
-- The value of each point-day and whether it can be judged, and why not. An automatic point's value is weighted by the time
-- each reading holds, in whole seconds and thousandths of a degree; a manual point's is the mean of its tests. How complete a day of an
-- automatic point is goes by time too: a reading stands for the time until the next, at most one expected interval, so that
-- many readings in an hour are an hour.
with place as (
    select * from {{ ref('stg_place') }}
),

-- Days before those built now may still hold into them.
received as (
    select r.*
    from {{ ref('int_point_series_day') }} as r
    where {{ in_ranges('r.heating_date', ranges, before='context') }}
),

bounded as (
    select
        r.*,
        {{ epoch_seconds(day_start("r.heating_date + interval '1 day'")) }} as day_end_s
    from received as r
    cross join place
),

-- What the last reading of a day still says about the days after it.
carried as (
    select
        b.point_id,
        cast(d.day as date) as heating_date,
        b.last_milli_degc as milli_degc,
        least(b.last_until_s, {{ epoch_seconds(day_start("d.day + interval '1 day'")) }})
        - {{ epoch_seconds(day_start('d.day')) }} as seconds,
        greatest(
            least(b.last_stands_until_s, {{ epoch_seconds(day_start("d.day + interval '1 day'")) }})
            - {{ epoch_seconds(day_start('d.day')) }}, 0
        ) as stood_seconds
    from bounded as b
    cross join place
    cross join lateral generate_series(
        b.heating_date + interval '1 day',
        to_timestamp(b.last_until_s - 1) at time zone place.time_zone,
        interval '1 day'
    ) as d (day)
    where b.last_until_s > b.day_end_s
),

weight as (
    select
        point_id,
        heating_date,
        cast(sum(milli_degc_seconds) as double precision) / cast(sum(seconds) as double precision) / 1000 as value_degc,
        cast(sum(seconds) as bigint) as held_seconds,
        cast(sum(stood_seconds) as bigint) as stood_seconds
    from (
        select
            point_id,
            heating_date,
            milli_degc_seconds - last_milli_degc * greatest(last_until_s - day_end_s, 0) as milli_degc_seconds,
            seconds - greatest(last_until_s - day_end_s, 0) as seconds,
            stood_seconds - greatest(last_stands_until_s - day_end_s, 0) as stood_seconds
        from bounded
        where seconds > 0
        union all
        select point_id, heating_date, milli_degc * seconds, seconds, stood_seconds
        from carried
    ) as part
    group by point_id, heating_date
    having sum(seconds) > 0
),

-- An automatic point is expected to send on every day it is in use; a person comes when a person comes.
expected as (
    select s.point_id, d.heating_date
    from {{ ref('int_point_setting') }} as s
    inner join {{ ref('int_season_day') }} as d
        on d.heating_date between greatest(s.set_from, s.valid_from) and least(s.set_to, s.valid_to_effective)
    where s.point_kind = 'remote' and {{ in_ranges('d.heating_date', ranges) }}
    union
    select point_id, heating_date from received where {{ in_ranges('heating_date', ranges) }}
),

point_day as (
    select
        e.point_id,
        e.heating_date,
        coalesce(r.readings, 0) as readings,
        coalesce(r.readings_ok, 0) as readings_ok,
        coalesce(r.readings_accepted, 0) as readings_accepted,
        coalesce(r.readings_stuck, 0) as readings_stuck,
        coalesce(r.readings_jump, 0) as readings_jump,
        coalesce(r.readings_jump_excluded, 0) as readings_jump_excluded,
        coalesce(r.readings_back_from_spike, 0) as readings_back_from_spike,
        coalesce(r.readings_window, 0) as readings_window,
        coalesce(r.readings_low_battery, 0) as readings_low_battery,
        coalesce(r.readings_unusual, 0) as readings_unusual,
        coalesce(r.tests_method_flagged, 0) as tests_method_flagged,
        coalesce(r.mean_degc, w.value_degc) as value_degc,
        w.held_seconds,
        coalesce(w.stood_seconds, 0) as stood_seconds
    from expected as e
    left join received as r on e.point_id = r.point_id and e.heating_date = r.heating_date
    left join weight as w on e.point_id = w.point_id and e.heating_date = w.heating_date
),

described as (
    select
        p.*,
        s.point_kind,
        s.household_id,
        s.room_type,
        s.standard_degc,
        s.tolerance_degc,
        p.heating_date between s.valid_from and s.valid_to_effective as is_in_use,
        d.season,
        h.customer_kind,
        h.flat_position,
        h.building_id,
        h.network_position,
        h.community_id,
        h.station_id,
        h.branch_id,
        x.household_id is not null as is_suspended,
        case
            when s.point_kind = 'remote'
                then p.stood_seconds * 1.0 / (
                    {{ epoch_seconds(day_start("p.heating_date + interval '1 day'")) }}
                    - {{ epoch_seconds(day_start('p.heating_date')) }}
                )
        end as completeness,
        l.completeness_min_share,
        l.comfort_min_degc,
        l.comfort_max_degc,
        round(cast(p.value_degc - s.standard_degc + s.tolerance_degc as numeric), 6) as margin
    from point_day as p
    cross join place
    inner join {{ ref('int_point_setting') }} as s
        on p.point_id = s.point_id and p.heating_date between s.set_from and s.set_to
    inner join {{ ref('int_limit_period') }} as l on p.heating_date between l.valid_from and l.valid_to
    left join {{ ref('int_season_day') }} as d on p.heating_date = d.heating_date
    left join {{ ref('int_household_place') }} as h
        on s.household_id = h.household_id and p.heating_date between h.from_date and h.to_date
    left join {{ ref('stg_household_suspension') }} as x
        on s.household_id = x.household_id and p.heating_date between x.suspended_from and x.suspended_to
),

judged as (
    select
        *,
        case
            when season is null then 'out_of_season'
            when not is_in_use then 'point_not_in_use'
            when customer_kind is null then 'unknown_household'
            when is_suspended then 'suspended'
            when standard_degc is null then 'no_standard'
            when readings_accepted = 0 then 'no_readings'
            when completeness < completeness_min_share or value_degc is null then 'incomplete'
            else 'judged'
        end as judged_reason
    from described
)

select
    j.point_id,
    j.heating_date,
    j.season,
    j.point_kind,
    j.household_id,
    j.customer_kind,
    j.room_type,
    j.flat_position,
    j.building_id,
    j.network_position,
    j.community_id,
    j.station_id,
    j.branch_id,
    j.readings as readings,
    j.readings_ok as readings_ok,
    j.readings_accepted as readings_accepted,
    j.readings_stuck as readings_stuck,
    j.readings_jump as readings_jump,
    j.readings_jump_excluded as readings_jump_excluded,
    j.readings_back_from_spike as readings_back_from_spike,
    j.readings_window as readings_window,
    j.readings_low_battery as readings_low_battery,
    j.readings_unusual as readings_unusual,
    j.tests_method_flagged as tests_method_flagged,
    cast(j.completeness as double precision) as completeness,
    j.held_seconds,
    j.value_degc,
    j.standard_degc,
    j.tolerance_degc,
    cast(j.margin as double precision) as margin_degc,
    j.judged_reason,
    j.judged_reason = 'judged' as is_judged,
    case when j.judged_reason = 'judged' then j.margin >= 0 end as complies,
    case
        when j.judged_reason = 'judged'
            then round(cast(j.value_degc as numeric), 6) between cast(j.comfort_min_degc as numeric) and cast(j.comfort_max_degc as numeric)
    end as is_comfortable
from judged as j
