{%- set told_by_petitions = ['petitions_due', 'petitions_closed_in_time', 'group_petitions', 'petition_people'] %}
-- How fast customers are served, day by day and for the season to date, as known today. Three rates of nearly the same name
-- have three denominators. Who came in person and group petitions are counted apart from everything else. A day on which not
-- every line in question is known has no figure, and the season to date is that of its known days; the logs of those who came in
-- person have known days of their own.
with series as (
    select distinct season, unit_kind, unit_id, line, category from {{ ref('int_service_day') }}
),

known_day as (
    select
        d.season,
        d.heating_date as service_date,
        d.season_day,
        k.line,
        k.known_since_date,
        k.known_until_date,
        k.call_days @> d.heating_date as is_known,
        k.walk_in_days @> d.heating_date as are_walk_ins_known,
        k.petition_days @> d.heating_date as are_petitions_known
    from {{ ref('int_season_day') }} as d
    cross join {{ ref('int_service_known') }} as k
),

daily as (
    select
        s.season,
        k.service_date,
        k.season_day,
        s.unit_kind,
        s.unit_id,
        s.line,
        s.category,
        k.known_since_date,
        k.known_until_date,
        1 as days,
        cast(k.is_known as int) as days_known,
        cast(k.are_walk_ins_known as int) as walk_in_days_known,
        cast(k.are_petitions_known as int) as petition_days_known,
        {% for name in service_sums() -%}
        case
            when {{ 'k.are_petitions_known' if name in told_by_petitions else 'k.are_walk_ins_known' if name == 'walk_ins' else 'k.is_known' }}
                then coalesce(c.{{ name }}, 0)
        end as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from series as s
    inner join known_day as k on s.season = k.season and s.line = k.line
    left join {{ ref('int_service_day') }} as c
        on k.service_date = c.service_date and s.unit_kind = c.unit_kind and s.unit_id = c.unit_id
        and s.line = c.line and s.category = c.category
),

every_period as (
    select *, 'day' as period from daily
    union all
    select
        season,
        service_date,
        season_day,
        unit_kind,
        unit_id,
        line,
        category,
        known_since_date,
        known_until_date,
        season_day as days,
        sum(days_known) over to_date as days_known,
        sum(walk_in_days_known) over to_date as walk_in_days_known,
        sum(petition_days_known) over to_date as petition_days_known,
        {% for name in service_sums() -%}
        cast(sum({{ name }}) over to_date as bigint) as {{ name }},
        {% endfor -%}
        'to_date' as period
    from daily
    window to_date as (partition by season, unit_kind, unit_id, line, category order by service_date)
)

select
    p.season,
    p.service_date,
    cast(p.season_day as int) as season_day,
    p.period,
    p.unit_kind,
    p.unit_id,
    p.line,
    p.category,
    cast(p.days as int) as days,
    cast(p.days_known as int) as days_known,
    p.known_since_date,
    p.known_until_date,
    {% for name in ['tickets', 'returned', 'complaints', 'repair_requests', 'repairs_carried_over', 'consultations', 'temperature_tests',
    'reclassified_from_complaint', 'reclassified_to_complaint', 'first_answers'] -%}
    cast(p.{{ name }} as int) as {{ name }},
    {% endfor -%}
    cast(p.first_answer_s as double precision) / 60 / nullif(p.first_answers, 0) as mean_first_answer_minutes,
    cast(p.arrivals as int) as arrivals,
    cast(p.on_site_s as double precision) / 3600 / nullif(p.arrivals, 0) as mean_on_site_hours,
    cast(p.solved as int) as solved,
    cast(p.solved_s as double precision) / 3600 / nullif(p.solved, 0) as mean_solved_hours,
    cast(p.closed as int) as closed,
    cast(p.reopenings as int) as reopenings,
    cast(p.repairs_judged as int) as repairs_judged,
    cast(p.repairs_in_time as int) as repairs_in_time,
    {{ percent('p.repairs_in_time', 'p.repairs_judged') }} as repair_timely_percent,
    cast(p.petitions_due as int) as petitions_due,
    cast(p.petitions_closed_in_time as int) as petitions_closed_in_time,
    {{ percent('p.petitions_closed_in_time', 'p.petitions_due') }} as petition_closed_percent,
    cast(p.city_line_closed as int) as city_line_closed,
    cast(p.city_line_closed_in_time as int) as city_line_closed_in_time,
    {{ percent('p.city_line_closed_in_time', 'p.city_line_closed') }} as city_line_timely_percent,
    cast(p.breaches as int) as breaches,
    cast(p.still_open as int) as still_open,
    cast(p.complaint_cases as int) as complaint_cases,
    cast(p.repeat_cases as int) as repeat_cases,
    {{ percent('p.repeat_cases', 'p.complaint_cases') }} as repeat_percent,
    cast(p.forwarded_tickets as int) as forwarded_tickets,
    cast(p.unnamed_cases as int) as unnamed_cases,
    cast(p.unnamed_enterprise_cases as int) as unnamed_enterprise_cases,
    cast(p.followed_up as int) as followed_up,
    {{ percent('p.followed_up', 'p.closed') }} as followed_up_percent,
    cast(p.rated as int) as rated,
    cast(p.satisfied as int) as satisfied,
    {{ percent('p.satisfied', 'p.rated') }} as satisfied_percent,
    cast(p.satisfaction_sum as double precision) / nullif(p.rated, 0) as mean_satisfaction,
    cast(p.walk_in_days_known as int) as walk_in_days_known,
    cast(p.walk_ins as int) as walk_ins,
    cast(p.petition_days_known as int) as petition_days_known,
    cast(p.group_petitions as int) as group_petitions,
    cast(p.petition_people as int) as petition_people
from every_period as p
