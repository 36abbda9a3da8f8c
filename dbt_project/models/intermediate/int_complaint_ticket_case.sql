-- Which case each complaint ticket belongs to. The same case reaches the company by several lines and several calls:
-- a ticket that names another complaint belongs to that one's case; of the others, calls of one household about one category
-- belong together while each comes within `case_gap_hours` of the one before. Everything else is a case of its own.
with recursive ticket as (
    select
        *,
        row_number() over (order by created_at, line, ticket_no) as ticket_rank
    from {{ ref('stg_service_ticket') }}
    -- Walk-ins and group petitions are counted apart: most of them speak of a case that a line knows already.
    where kind = 'complaint' and coalesce(channel, '') not in ('walk_in', 'group_petition')
),

-- A number may stand on two lines; the earliest ticket of that number is meant.
reference as (
    select
        t.ticket_rank,
        min(o.ticket_rank) as named_rank
    from ticket as t
    inner join ticket as o on t.related_ticket_no = o.ticket_no and t.ticket_rank <> o.ticket_rank
    group by t.ticket_rank
),

followed as (
    select
        ticket_rank,
        named_rank,
        1 as levels,
        array[ticket_rank] as path
    from reference
    union all
    select
        f.ticket_rank,
        r.named_rank,
        f.levels + 1,
        f.path || f.named_rank
    from followed as f
    inner join reference as r on f.named_rank = r.ticket_rank
    where f.named_rank <> all(f.path) and f.levels < ({{ limit_value('case_reference_levels') }})
),

-- Where the references of a ticket end. Tickets that name each other in a circle belong to the earliest of the circle.
-- A chain with more levels than are followed has no end here: such a ticket stands on its own.
ended as (
    select
        f.ticket_rank,
        case
            when f.named_rank = any(f.path) then (
                select min(c.circle_rank)
                from unnest(f.path) with ordinality as c (circle_rank, place)
                where c.place >= array_position(f.path, f.named_rank)
            )
            else f.named_rank
        end as root_rank
    from followed as f
    left join reference as r on f.named_rank = r.ticket_rank
    where r.ticket_rank is null or f.named_rank = any(f.path)
),

rooted as (
    select
        t.*,
        coalesce(e.root_rank, t.ticket_rank) as root_rank
    from ticket as t
    left join ended as e on t.ticket_rank = e.ticket_rank
),

call as (
    select
        ticket_rank,
        household_id,
        category,
        coalesce(
            household_id is null
            or created_at - lag(created_at) over earlier > ({{ limit_hours('case_gap_hours') }}),
            true
        ) as begins
    from rooted
    where root_rank = ticket_rank
    window earlier as (partition by household_id, category order by ticket_rank)
),

root_case as (
    select
        ticket_rank,
        case
            when household_id is null then ticket_rank
            else max(case when begins then ticket_rank end) over (
                partition by household_id, category order by ticket_rank
            )
        end as case_rank
    from call
)

select
    t.line,
    t.ticket_no,
    f.line || ':' || f.ticket_no as case_id,
    case
        when t.root_rank <> t.ticket_rank then 'cross_reference'
        when c.case_rank <> t.ticket_rank then 'household_category_24h'
        else 'single'
    end as case_rule,
    t.root_rank = t.ticket_rank as is_root,
    -- Roots first, each in order of time: number 1 is the ticket the case is named after.
    cast(row_number() over (
        partition by c.case_rank order by t.root_rank <> t.ticket_rank, t.ticket_rank
    ) as int) as nth_of_case,
    t.related_ticket_no,
    t.category,
    t.created_at,
    t.created_date,
    t.household_id,
    t.branch_id,
    t.is_user_fault
from rooted as t
inner join root_case as c on t.root_rank = c.ticket_rank
inner join ticket as f on c.case_rank = f.ticket_rank
