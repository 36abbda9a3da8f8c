-- Which case each complaint ticket belongs to. The same case reaches the company by several lines and several calls:
-- tickets that name one another, directly or through others, are one case; calls of one household about one category are one
-- case while each comes within the `case_gap_hours` of its day of the call before, and a ticket that names such a call is one of them.
-- Tickets of every kind link; only complaints that are the company's count.
with recursive ticket as (
    select
        t.*,
        -- Time order; a ticket without an hour comes after those of its day that have one.
        row_number() over (order by t.created_date, t.is_midnight_stamped, t.created_at, t.line, t.ticket_no) as ticket_rank,
        -- Walk-ins and group petitions are counted apart: most of them speak of a case that a line knows already. What was
        -- handed back is somebody else's.
        t.kind = 'complaint' and coalesce(t.status, '') <> 'returned' and coalesce(t.channel, '') not in ('walk_in', 'group_petition')
            as is_counted,
        l.case_reference_days,
        l.case_gap_hours * interval '1 hour' as case_gap
    from {{ ref('stg_service_ticket') }} as t
    left join {{ ref('int_limit_period') }} as l on t.created_date between l.valid_from and l.valid_to
),

-- A number may stand on two lines; the earliest ticket of that number is meant.
reference as (
    select
        t.ticket_rank,
        min(o.ticket_rank) as named_rank
    from ticket as t
    inner join ticket as o on t.related_ticket_no = o.ticket_no and t.ticket_rank <> o.ticket_rank
    where abs({{ epoch_seconds('t.created_at') }} - {{ epoch_seconds('o.created_at') }})
        <= t.case_reference_days * 86400
    group by t.ticket_rank
),

{{ joined_sets('named', 'select ticket_rank as one, named_rank as other from reference') }},

call as (
    select
        t.*,
        coalesce(s.set_no, t.ticket_rank) as group_rank,
        -- One line passed the matter on to another: nobody called.
        coalesce(o.line <> t.line, false) as is_forwarded
    from ticket as t
    left join named_set as s on t.ticket_rank = s.member
    left join reference as r on t.ticket_rank = r.ticket_rank
    left join ticket as o on r.named_rank = o.ticket_rank
    where t.is_counted
),

-- What more than one group of calls is about; what only one is about joins nothing.
matter as (
    select
        group_rank,
        household_id,
        coalesce(category, 'unknown') as category,
        count(*) over (partition by household_id, coalesce(category, 'unknown')) as groups
    from call
    where household_id is not null
    group by group_rank, household_id, coalesce(category, 'unknown')
),

-- Calls of a group that follow soon upon one another are one span: what thousands name is a few of them.
call_span as (
    select
        group_rank,
        min(created_at) as began_at,
        max(created_at) as ended_at,
        (array_agg(case_gap order by created_at, ticket_rank))[1] as case_gap
    from (
        select
            group_rank,
            ticket_rank,
            created_at,
            case_gap,
            sum(cast(begins as int)) over (partition by group_rank order by created_at, ticket_rank) as span_no
        from (
            select
                group_rank,
                ticket_rank,
                created_at,
                case_gap,
                coalesce(created_at - lag(created_at) over in_group > case_gap, true) as begins
            from call
            window in_group as (partition by group_rank order by created_at, ticket_rank)
        ) as gap
    ) as counted
    group by group_rank, span_no
),

matter_span as (
    select
        m.household_id,
        m.category,
        s.group_rank,
        s.began_at,
        coalesce(
            s.began_at - max(s.ended_at) over (in_time rows between unbounded preceding and 1 preceding)
            > s.case_gap,
            true
        ) as begins
    from matter as m
    inner join call_span as s on m.group_rank = s.group_rank
    where m.groups > 1
    window in_time as (partition by m.household_id, m.category order by s.began_at, s.group_rank)
),

stretch as (
    select
        household_id,
        category,
        group_rank,
        sum(cast(begins as int)) over (partition by household_id, category order by began_at, group_rank) as stretch_no
    from matter_span
),

same_stretch as (
    select
        group_rank,
        min(group_rank) over (partition by household_id, category, stretch_no) as first_rank
    from stretch
),

{{ joined_sets('soon', 'select distinct group_rank as one, first_rank as other from same_stretch where group_rank <> first_rank') }},

numbered as (
    select
        c.*,
        coalesce(s.set_no, c.group_rank) as case_rank,
        row_number() over (partition by c.group_rank order by c.ticket_rank) as nth_of_group
    from call as c
    left join soon_set as s on c.group_rank = s.member
),

ordered as (
    select
        *,
        row_number() over in_time as nth_of_case,
        first_value(line || ':' || ticket_no) over in_time as case_id
    from numbered
    window in_time as (partition by case_rank order by ticket_rank)
)

select
    line,
    ticket_no,
    case_id,
    case
        when nth_of_case = 1 then 'single'
        when nth_of_group = 1 then 'household_category_24h'
        else 'cross_reference'
    end as case_rule,
    cast(nth_of_case as int) as nth_of_case,
    is_forwarded,
    related_ticket_no,
    category,
    created_at,
    created_date,
    household_id,
    customer_kind,
    branch_id,
    is_user_fault
from ordered
