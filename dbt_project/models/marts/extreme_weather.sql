-- Days colder than the design temperature, for the company: what they did to the rooms, to the complaints and to the supply, how long
-- it took to be as before, and how well they were foretold. A spell is a run of such days; before it means the `extreme_before_days`
-- days before its first.
with cold as (
    select
        d.season,
        d.heating_date,
        d.season_start,
        o.outdoor_degc,
        o.design_degc,
        d.heating_date - cast(row_number() over (partition by d.season order by d.heating_date) as int) as spell_key
    from {{ ref('int_outdoor_day') }} as o
    inner join {{ ref('int_season_day') }} as d on o.heating_date = d.heating_date
    where o.is_below_design
),

spell as (
    select
        season,
        spell_key,
        min(season_start) as season_start,
        min(heating_date) as spell_start,
        max(heating_date) as spell_end
    from cold
    group by season, spell_key
),

company as (
    select
        season,
        heating_date,
        period,
        judged_household_days,
        complying_household_days,
        percent,
        percent_normal_weather
    from {{ ref('room_compliance') }}
    where unit_kind = 'company' and point_kind = 'all'
),

-- Null on a day that is not known.
case_day as (
    select
        season,
        heating_date,
        cases
    from {{ ref('complaint_rate') }}
    where period = 'day' and unit_kind = 'company' and line = 'all' and category = 'all'
),

before_spell as (
    select
        s.season,
        s.spell_key,
        s.spell_start,
        s.spell_end,
        (
            select sum(c.complying_household_days)
            from company as c
            where c.period = 'day' and c.heating_date >= s.spell_start - cast(l.extreme_before_days as int) and c.heating_date < s.spell_start
        ) as complying,
        (
            select sum(c.judged_household_days)
            from company as c
            where c.period = 'day' and c.heating_date >= s.spell_start - cast(l.extreme_before_days as int) and c.heating_date < s.spell_start
        ) as judged,
        (
            select avg(cast(k.cases as numeric))
            from case_day as k
            where k.season = s.season
                and k.heating_date >= s.spell_start - cast(l.extreme_before_days as int) and k.heating_date < s.spell_start
        ) as cases_per_day
    from spell as s
    inner join {{ ref('int_limit_period') }} as l on s.spell_start between l.valid_from and l.valid_to
),

-- The first day after the spell on which as large a share of the homes complied as before it.
recovered as (
    select
        b.season,
        b.spell_key,
        min(c.heating_date) - b.spell_end as recovery_days
    from before_spell as b
    inner join company as c
        on b.season = c.season and c.period = 'day' and c.heating_date > b.spell_end and c.judged_household_days > 0
        and c.complying_household_days * b.judged >= b.complying * c.judged_household_days
    group by b.season, b.spell_key, b.spell_end
),

supply as (
    select
        c.heating_date,
        avg(c.supply_off_curve_degc order by c.system_id) as supply_off_curve_degc,
        cast(count(*) filter (where c.supply_off_curve_degc < -l.curve_watch_degc) as double precision)
        / nullif(count(c.supply_off_curve_degc), 0) as systems_below_curve_share
    from {{ ref('int_system_curve_day') }} as c
    inner join {{ ref('int_limit_period') }} as l on c.heating_date between l.valid_from and l.valid_to
    group by c.heating_date
),

foretold as (
    select
        heating_date,
        max(mean_degc) filter (where lead_days = 1) as mean_1_degc,
        max(mean_degc) filter (where lead_days = 2) as mean_2_degc,
        max(mean_degc) filter (where lead_days = 3) as mean_3_degc
    from {{ ref('int_forecast_day') }}
    group by heating_date
)

select
    c.season,
    c.heating_date,
    b.spell_start as spell_start_date,
    c.heating_date - b.spell_start + 1 as spell_day,
    c.outdoor_degc,
    c.design_degc,
    c.design_degc - c.outdoor_degc as below_degc,
    d.percent,
    {{ percent('b.complying', 'b.judged') }} as percent_before,
    t.percent as percent_to_date,
    t.percent_normal_weather as percent_to_date_normal_weather,
    cast(k.cases as int) as cases,
    cast(b.cases_per_day as double precision) as cases_per_day_before,
    u.supply_off_curve_degc,
    u.systems_below_curve_share,
    r.recovery_days,
    f.mean_1_degc - c.outdoor_degc as forecast_error_1_degc,
    f.mean_2_degc - c.outdoor_degc as forecast_error_2_degc,
    f.mean_3_degc - c.outdoor_degc as forecast_error_3_degc
from cold as c
inner join before_spell as b on c.season = b.season and c.spell_key = b.spell_key
left join company as d on c.season = d.season and c.heating_date = d.heating_date and d.period = 'day'
left join company as t on c.season = t.season and c.heating_date = t.heating_date and t.period = 'to_date'
left join case_day as k on c.season = k.season and c.heating_date = k.heating_date
left join supply as u on c.heating_date = u.heating_date
left join recovered as r on c.season = r.season and c.spell_key = r.spell_key
left join foretold as f on c.heating_date = f.heating_date
