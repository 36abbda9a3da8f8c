-- What happened in service on each day with any ticket, complaint case or change of a kind, for the company and each branch: over all lines
-- and categories, by line, and by category. Sums of whole numbers, so that days add up to the season to date.
with outcome as (
    select
        line,
        ticket_no,
        count(*) filter (where outcome = 'late') as breaches,
        count(*) filter (where outcome = 'open') as still_open,
        count(*) filter (where limit_code = 'repair_handled' and outcome in ('in_time', 'late')) as repairs_judged,
        count(*) filter (where limit_code = 'repair_handled' and outcome = 'in_time') as repairs_in_time,
        count(*) filter (where limit_code = 'petition_closed' and is_due) as petitions_due,
        count(*) filter (where limit_code = 'petition_closed' and is_due and outcome = 'in_time') as petitions_closed_in_time,
        count(*) filter (where limit_code = 'city_line_closed' and outcome in ('in_time', 'late') and reached_at is not null)
            as city_line_closed,
        count(*) filter (where limit_code = 'city_line_closed' and outcome = 'in_time') as city_line_closed_in_time
    from {{ ref('int_service_ticket_limit') }}
    group by line, ticket_no
),

counted as (
    select
        t.season,
        t.service_date,
        t.branch_id,
        t.line,
        t.category,
        cast(not t.is_apart as int) as tickets,
        cast(t.is_returned and not t.is_in_person as int) as returned,
        cast(not t.is_apart and t.kind = 'complaint' as int) as complaints,
        cast(not t.is_apart and t.kind = 'repair' as int) as repair_requests,
        0 as repairs_carried_over,
        cast(not t.is_apart and t.kind = 'consultation' as int) as consultations,
        cast(not t.is_apart and t.kind = 'temperature_test' as int) as temperature_tests,
        0 as reclassified_from_complaint,
        0 as reclassified_to_complaint,
        cast(not t.is_apart and t.first_answer_s is not null as int) as first_answers,
        case when not t.is_apart then t.first_answer_s end as first_answer_s,
        cast(not t.is_apart and t.on_site_s is not null as int) as arrivals,
        case when not t.is_apart then t.on_site_s end as on_site_s,
        cast(not t.is_apart and t.solved_s is not null as int) as solved,
        case when not t.is_apart then t.solved_s end as solved_s,
        cast(not t.is_apart and t.closed_at is not null as int) as closed,
        case when not t.is_apart then t.reopenings else 0 end as reopenings,
        o.repairs_judged,
        o.repairs_in_time,
        o.petitions_due,
        o.petitions_closed_in_time,
        o.city_line_closed,
        o.city_line_closed_in_time,
        o.breaches,
        o.still_open,
        0 as complaint_cases,
        0 as repeat_cases,
        0 as forwarded_tickets,
        0 as unnamed_cases,
        0 as unnamed_enterprise_cases,
        cast(not t.is_apart and t.closed_at is not null and t.follow_up_at is not null as int) as followed_up,
        cast(not t.is_apart and t.satisfaction is not null as int) as rated,
        cast(not t.is_apart and t.satisfaction >= l.satisfied_min_score as int) as satisfied,
        case when not t.is_apart then t.satisfaction end as satisfaction_sum,
        cast(coalesce(t.channel = 'walk_in', false) as int) as walk_ins,
        cast(coalesce(t.channel = 'group_petition', false) as int) as group_petitions,
        case when t.channel = 'group_petition' then t.persons end as petition_people
    from {{ ref('int_service_ticket') }} as t
    left join outcome as o on t.line = o.line and t.ticket_no = o.ticket_no
    left join {{ ref('int_limit_period') }} as l on t.service_date between l.valid_from and l.valid_to
    where not t.is_carried_over
    union all
    -- Asked for before the season, and on its first day nobody had mended it.
    select
        d.season,
        d.heating_date,
        t.branch_id,
        t.line,
        t.category,
        {% for name in service_sums() -%}
        {{ {'repairs_carried_over': '1'}.get(name, '0') }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_season_day') }} as d
    inner join {{ ref('int_service_ticket') }} as t
        on t.created_at < d.day_start_at and (not t.is_over or t.over_at >= d.day_start_at)
    where d.heating_date = d.season_start and t.kind = 'repair' and not t.is_apart
    union all
    select
        season,
        case_date,
        branch_id,
        line,
        category,
        {% for name in service_sums() -%}
        {{
            {
                'complaint_cases': '1',
                'repeat_cases': 'cast(calls > 1 as int)',
                'forwarded_tickets': 'tickets - calls',
                'unnamed_cases': 'cast(is_unnamed as int)',
                'unnamed_enterprise_cases': "cast(is_unnamed and customer_kind = 'enterprise' as int)",
            }.get(name, '0')
        }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_complaint_case') }}
    where season is not null
    union all
    select
        season,
        reclassified_date,
        branch_id,
        line,
        category,
        {% for name in service_sums() -%}
        {{
            {
                'reclassified_from_complaint': "cast(from_kind = 'complaint' as int)",
                'reclassified_to_complaint': "cast(to_kind = 'complaint' as int)",
            }.get(name, '0')
        }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_ticket_reclassification') }}
    where season is not null and 'complaint' in (from_kind, to_kind)
)

select
    c.season,
    c.service_date,
    u.unit_kind,
    u.unit_id,
    k.line,
    k.category,
    {% for name in service_sums() -%}
    cast(coalesce(sum(c.{{ name }}), 0) as bigint) as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from counted as c
cross join lateral (values ('company', 'company'), ('branch', c.branch_id)) as u (unit_kind, unit_id)
cross join lateral (values ('all', 'all'), (c.line, 'all'), ('all', c.category)) as k (line, category)
where u.unit_id is not null
group by c.season, c.service_date, u.unit_kind, u.unit_id, k.line, k.category
