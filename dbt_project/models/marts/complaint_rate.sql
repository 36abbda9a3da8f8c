{%- set counted = ['cases', 'enterprise_cases', 'tickets', 'user_fault_cases'] %}
-- Complaint cases per served home, by day and for the season to date. A home with suspended heating that complains is a served
-- one on that day. Every unit has a row for every season day, so that a day without complaints is a zero and not a gap; lines and
-- categories apart are given for the company and its branches. A day on which not every line in question is known has no figure,
-- and the season to date is that of its known days.
with served_day as (
    select distinct heating_date from {{ ref('int_served_unit_day') }}
),

series_day as (
    select
        d.season,
        d.heating_date,
        d.season_day,
        d.previous_season,
        k.unit_kind,
        k.unit_id,
        k.line,
        k.category,
        k.series_no,
        w.known_since_date,
        w.known_until_date,
        -- On days before the register of homes begins nobody knows how many there are; after that, a unit without any has none.
        case
            when k.is_served_known and r.heating_date is not null then cast(coalesce(s.served_households, 0) + coalesce(a.homes, 0) as int)
        end as homes,
        case
            when k.is_served_known and s.unit_id is null then a.heated_area_m2
            else s.heated_area_m2 + coalesce(a.heated_area_m2, 0)
        end as area_m2,
        {%- for name in counted %}
        case when w.call_days @> d.heating_date then coalesce(c.{{ name }}, 0) end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_season_day') }} as d
    inner join {{ ref('int_complaint_series') }} as k on d.season = k.season
    left join {{ ref('int_service_known') }} as w on k.line = w.line
    left join served_day as r on d.heating_date = r.heating_date
    left join {{ ref('int_served_unit_day') }} as s
        on d.heating_date = s.heating_date and k.unit_kind = s.unit_kind and k.unit_id = s.unit_id
    left join {{ ref('int_complaint_suspended_day') }} as a
        on d.heating_date = a.heating_date and k.unit_kind = a.unit_kind and k.unit_id = a.unit_id
    left join {{ ref('int_complaint_series_day') }} as c
        on d.heating_date = c.heating_date and k.series_no = c.series_no
),

-- The same day of the season before, if it is there.
paired as (
    select
        *,
        {%- for name in ['cases', 'homes'] %}
        case when lag(season) over same_day = previous_season then lag({{ name }}) over same_day end as previous_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from series_day
    window same_day as (partition by series_no, season_day order by heating_date)
),

-- Homes and area are means over the season's known days so far on which the register of homes is known: a home that came in
-- March counts for a few days only. The season before is compared on the days known in both.
running as (
    select
        *,
        count(cases) over so_far as days_known,
        count(homes) filter (where cases is not null) over so_far as home_days_known,
        sum(homes) filter (where cases is not null) over so_far as home_days,
        sum(area_m2) filter (where cases is not null and homes is not null) over so_far as area_days_m2,
        count(*) filter (where cases is not null and previous_cases is not null) over so_far as compared_days,
        {%- for mine in ['', 'previous_'] %}
        {%- for name in ['cases', 'homes'] %}
        sum({{ mine ~ name }}) filter (where cases is not null and previous_cases is not null) over so_far as compared_{{ mine ~ name }},
        {%- endfor %}
        count({{ mine }}homes) filter (where cases is not null and previous_cases is not null) over so_far as compared_{{ mine }}home_days,
        {%- endfor %}
        {%- for name in counted %}
        sum({{ name }}) over so_far as {{ name }}_to_date{{ ',' if not loop.last }}
        {%- endfor %}
    from paired
    window so_far as (
        partition by series_no, season order by heating_date rows between unbounded preceding and current row
    )
),

rated as (
    select
        r.season,
        r.heating_date,
        r.season_day,
        p.period,
        r.unit_kind,
        r.unit_id,
        r.line,
        r.category,
        p.days,
        p.days_known,
        r.known_since_date,
        r.known_until_date,
        {%- for name in counted %}
        cast(p.{{ name }} as int) as {{ name }},
        {%- endfor %}
        cast(cast(p.homes as numeric) / nullif(p.home_days, 0) as numeric(30, 12)) as served_households,
        p.area_m2 as heated_area_m2,
        {{ per_10000('p.cases * p.home_days', 'p.homes') }} as per_10000_households,
        {{ per_10000('p.cases', 'p.area_m2') }} as per_10000_m2,
        p.compared_days,
        cast(p.previous_cases as int) as previous_cases,
        {{ per_10000('p.previous_cases * p.previous_home_days', 'p.previous_homes') }} as previous_per_10000_households,
        {{ per_10000('p.compared_cases * p.compared_home_days', 'p.compared_homes') }} as compared_per_10000_households
    from running as r
    cross join lateral (
        values
        (
            'day', 1, num_nonnulls(r.cases), num_nonnulls(r.homes), r.homes, r.area_m2,
            num_nonnulls(r.cases + r.previous_cases),
            case when r.previous_cases is not null then r.cases end, r.homes, num_nonnulls(r.homes),
            case when r.cases is not null then r.previous_cases end, r.previous_homes, num_nonnulls(r.previous_homes)
            {%- for name in counted %},
            r.{{ name }}
            {%- endfor %}
        ),
        (
            'to_date', r.season_day, r.days_known, r.home_days_known, r.home_days, r.area_days_m2 / nullif(r.home_days_known, 0),
            r.compared_days,
            r.compared_cases, r.compared_homes, r.compared_home_days,
            r.compared_previous_cases, r.compared_previous_homes, r.compared_previous_home_days
            {%- for name in counted %},
            r.{{ name }}_to_date
            {%- endfor %}
        )
    ) as p (
        period, days, days_known, home_days, homes, area_m2, compared_days,
        compared_cases, compared_homes, compared_home_days, previous_cases, previous_homes, previous_home_days,
        {{ counted | join(', ') }}
    )
)

select
    r.season,
    r.heating_date,
    cast(r.season_day as int) as season_day,
    r.period,
    r.unit_kind,
    r.unit_id,
    r.line,
    r.category,
    cast(r.days as int) as days,
    cast(r.days_known as int) as days_known,
    r.known_since_date,
    r.known_until_date,
    r.cases,
    r.enterprise_cases,
    r.tickets,
    r.user_fault_cases,
    {{ percent('r.user_fault_cases', 'r.cases') }} as user_fault_percent,
    r.served_households,
    r.heated_area_m2,
    r.per_10000_households / 100 as per_100_households,
    r.per_10000_households / 10 as per_1000_households,
    r.per_10000_households,
    r.per_10000_m2,
    cast(r.compared_days as int) as compared_days,
    r.compared_per_10000_households,
    r.previous_cases,
    r.previous_per_10000_households,
    100 * (r.compared_per_10000_households / nullif(r.previous_per_10000_households, 0) - 1) as change_percent
from rated as r
