-- One row a complaint case: what its first ticket says, who it concerns and where that was on the day of the case: the day of
-- its first ticket within a season. A case without a household counts for the company, and for a branch where the source
-- itself names one. Cases outside of the seasons have no season. Whose case it is says the register; where it names no customer that the
-- register knows, it is a home's unless one of its tickets says that an enterprise called.
with ticket as (
    select
        t.*,
        d.season
    from {{ ref('int_complaint_ticket_case') }} as t
    left join {{ ref('int_season_day') }} as d on t.created_date = d.heating_date
),

complaint as (
    select
        case_id,
        max(line) filter (where nth_of_case = 1) as line,
        coalesce(max(category) filter (where nth_of_case = 1), 'unknown') as category,
        (array_agg(created_at order by season is null, nth_of_case))[1] as created_at,
        (array_agg(created_date order by season is null, nth_of_case))[1] as case_date,
        (array_agg(season order by season is null, nth_of_case))[1] as season,
        (array_agg(household_id order by nth_of_case) filter (where household_id is not null))[1] as household_id,
        (array_agg(branch_id order by nth_of_case) filter (where branch_id is not null))[1] as named_branch_id,
        cast(count(*) as int) as tickets,
        cast(count(*) filter (where not is_forwarded) as int) as calls,
        cast(count(distinct line) as int) as lines,
        bool_or(is_user_fault) as is_user_fault,
        bool_or(coalesce(customer_kind = 'enterprise', false)) as is_told_enterprise
    from ticket
    group by case_id
)

select
    c.case_id,
    c.season,
    c.case_date,
    c.created_at,
    c.line,
    c.category,
    c.tickets,
    c.calls,
    c.lines,
    c.is_user_fault,
    c.household_id,
    coalesce(h.customer_kind, case when c.is_told_enterprise then 'enterprise' else 'resident' end) as customer_kind,
    h.household_id is null as is_unnamed,
    h.community_id,
    h.station_id,
    coalesce(h.branch_id, c.named_branch_id) as branch_id
from complaint as c
left join {{ ref('int_household_place') }} as h
    on c.household_id = h.household_id and c.case_date between h.from_date and h.to_date
