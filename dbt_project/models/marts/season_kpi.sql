-- The three headline figures of the season to date, each with what it is a ratio of, its target, and the season before on the
-- days known in both. Complaints add up: their target is for the whole season, and part of a season is judged against the part
-- of it that is due by then. A figure of which too few days are known is not judged. Renewal is a state: one day tells it.
with calendar as (
    select
        d.season,
        d.heating_date,
        d.season_day,
        d.season_start,
        d.season_end,
        d.previous_season,
        coalesce(k.known_days @> d.heating_date, false) as is_room_known,
        count(*) filter (where k.known_days @> d.heating_date) over (
            partition by d.season order by d.heating_date
        ) as room_days_known,
        k.known_since_date as rooms_known_since_date,
        k.known_until_date as rooms_known_until_date
    from {{ ref('int_season_day') }} as d
    left join {{ ref('int_entity_known') }} as k on k.entity = 'room_reading'
),

room_day as (
    select
        r.season,
        r.heating_date,
        r.unit_kind,
        r.unit_id,
        r.complying_household_days as complying,
        r.judged_household_days as judged,
        c.is_room_known
        and lag(c.is_room_known) over same_day and lag(r.season) over same_day = c.previous_season as is_compared,
        lag(r.complying_household_days) over same_day as previous_complying,
        lag(r.judged_household_days) over same_day as previous_judged
    from {{ ref('room_compliance') }} as r
    inner join calendar as c on r.season = c.season and r.heating_date = c.heating_date
    where r.period = 'day' and r.point_kind = 'all'
    window same_day as (partition by r.unit_kind, r.unit_id, c.season_day order by r.heating_date)
),

room_compared as (
    select
        season,
        heating_date,
        unit_kind,
        unit_id,
        count(*) filter (where is_compared) over so_far as compared_days,
        {%- for mine in ['', 'previous_'] %}
        sum({{ mine }}complying) filter (where is_compared) over so_far as {{ mine }}complying,
        sum({{ mine }}judged) filter (where is_compared) over so_far as {{ mine }}judged{{ ',' if not loop.last }}
        {%- endfor %}
    from room_day
    window so_far as (partition by season, unit_kind, unit_id order by heating_date)
),

room as (
    select
        r.season,
        r.heating_date,
        r.unit_kind,
        r.unit_id,
        r.percent as value,
        cast(r.complying_household_days as numeric(30, 12)) as numerator,
        cast(r.judged_household_days as numeric(30, 12)) as denominator,
        c.season_day as days,
        c.room_days_known as days_known,
        c.rooms_known_since_date as known_since_date,
        c.rooms_known_until_date as known_until_date,
        p.compared_days,
        {{ percent('p.complying', 'p.judged') }} as compared_value,
        {{ percent('p.previous_complying', 'p.previous_judged') }} as previous_value
    from {{ ref('room_compliance') }} as r
    inner join calendar as c on r.season = c.season and r.heating_date = c.heating_date
    left join room_compared as p
        on r.season = p.season and r.heating_date = p.heating_date and r.unit_kind = p.unit_kind and r.unit_id = p.unit_id
    where r.period = 'to_date' and r.point_kind = 'all'
),

complaint as (
    select
        season,
        heating_date,
        unit_kind,
        unit_id,
        per_10000_households as value,
        cast(cases as numeric(30, 12)) as numerator,
        served_households as denominator,
        days,
        days_known,
        known_since_date,
        known_until_date,
        compared_days,
        compared_per_10000_households as compared_value,
        previous_per_10000_households as previous_value
    from {{ ref('complaint_rate') }}
    where period = 'to_date' and line = 'all' and category = 'all'
),

renewal as (
    select
        r.season,
        r.progress_date as heating_date,
        r.unit_kind,
        r.unit_id,
        r.percent as value,
        cast(r.renewed_within_plan_m as numeric(30, 12)) as numerator,
        cast(r.planned_length_m as numeric(30, 12)) as denominator,
        1 as days,
        1 as days_known,
        k.known_since_date,
        k.known_until_date,
        1 as compared_days,
        r.percent as compared_value,
        case
            when lag(c.season) over same_day = c.previous_season then lag(r.percent) over same_day
        end as previous_value
    from {{ ref('renewal_progress') }} as r
    inner join calendar as c on r.season = c.season and r.progress_date = c.heating_date
    left join {{ ref('int_entity_known') }} as k on k.entity = 'renewal_progress'
    where r.work_type = 'renewal' and r.network_level = 'all'
    window same_day as (partition by r.unit_kind, r.unit_id, c.season_day order by r.progress_date)
),

every_kpi as (
    select *, 'room_compliance_percent' as kpi, 'percent' as unit from room
    union all
    select *, 'complaints_per_10000_households', 'cases per 10000 households' from complaint
    union all
    select *, 'renewal_progress_percent', 'percent' from renewal
),

case_day as (
    select
        season,
        heating_date,
        cases
    from {{ ref('complaint_rate') }}
    where period = 'day' and unit_kind = 'company' and line = 'all' and category = 'all'
),

-- Seasons known from their first day to their last, with all their cases.
whole_season as (
    select
        d.season,
        sum(c.cases) as cases
    from calendar as d
    left join case_day as c on d.season = c.season and d.heating_date = c.heating_date
    group by d.season
    having count(c.cases) = count(*) and max(d.heating_date) = max(d.season_end) and sum(c.cases) > 0
),

-- Due by the known days so far: the share of its cases the season before had on them; without it, their share of the season's
-- days. A season longer than the one before has all of its target due from that one's last day on.
due as (
    select
        d.season,
        d.heating_date,
        d.season_day > l.complaint_verdict_min_days as is_late_enough,
        case
            when w.season is null then cast(count(c.cases) over so_far as numeric) / (d.season_end - d.season_start + 1)
            else cast(sum(case when c.cases is not null then p.cases end) over so_far as numeric) / w.cases
        end as share
    from calendar as d
    left join {{ ref('int_limit_period') }} as l on d.heating_date between l.valid_from and l.valid_to
    left join case_day as c on d.season = c.season and d.heating_date = c.heating_date
    left join whole_season as w on d.previous_season = w.season
    left join calendar as b on d.previous_season = b.season and d.season_day = b.season_day
    left join case_day as p on b.season = p.season and b.heating_date = p.heating_date
    window so_far as (partition by d.season order by d.heating_date)
),

judged as (
    select
        k.*,
        d.season_day,
        case when k.kpi = 'complaints_per_10000_households' then u.share else 1 end as due_share,
        k.kpi <> 'complaints_per_10000_households' or u.is_late_enough as is_late_enough,
        100 * k.days_known >= k.days * l.verdict_min_known_percent as is_known_enough
    from every_kpi as k
    inner join calendar as d on k.season = d.season and k.heating_date = d.heating_date
    inner join due as u on k.season = u.season and k.heating_date = u.heating_date
    left join {{ ref('int_limit_period') }} as l on k.heating_date between l.valid_from and l.valid_to
),

targeted as (
    select
        k.*,
        t.value as target,
        t.direction as target_direction,
        t.value * cast(k.due_share as double precision) as target_to_date
    from judged as k
    left join {{ ref('int_kpi_target') }} as t
        on k.kpi = t.kpi and k.heating_date between t.valid_from and t.valid_to
)

select
    k.season,
    k.heating_date,
    cast(k.season_day as int) as season_day,
    k.unit_kind,
    k.unit_id,
    k.kpi,
    k.value,
    k.numerator,
    k.denominator,
    k.unit,
    cast(k.days as int) as days,
    cast(k.days_known as int) as days_known,
    k.known_since_date,
    k.known_until_date,
    k.target,
    k.target_to_date,
    k.target_direction,
    case
        when k.value is null then 'no_data'
        when k.target is null then 'no_target'
        when not k.is_late_enough then 'too_early'
        when not k.is_known_enough then 'partly_known'
        -- Float noise: compared to 6 decimals.
        when
            (k.target_direction = 'at_least' and round(cast(k.value as numeric), 6) >= round(cast(k.target_to_date as numeric), 6))
            or (k.target_direction = 'at_most' and round(cast(k.value as numeric), 6) <= round(cast(k.target_to_date as numeric), 6))
            then 'met'
        else 'missed'
    end as verdict,
    cast(coalesce(k.compared_days, 0) as int) as compared_days,
    k.compared_value,
    k.previous_value,
    k.compared_value - k.previous_value as change
from targeted as k
