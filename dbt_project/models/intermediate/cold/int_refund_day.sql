-- Season days for which a home may claim a refund: from its request to the cure, the end days as the place's rule counts
-- them (both where no rule is known). Who asked before the season's first day claims from that day on; a claim ends with its
-- season. A home with several claims has one row a day, under the earliest of them; the day is the user's own when one of its
-- claims was found to be and none was found not to be. (`<= 1`, because the planner takes `= 1` for a two-hundredth of the
-- rows and loops over every household-day.)
with claim as (
    select
        c.*,
        s.season,
        c.request_date + case when r.request_day_counts is false then 1 else 0 end as from_date,
        coalesce(c.cure_date, {{ forever() }}) - case when r.cure_day_counts is false then 1 else 0 end as to_date
    from {{ ref('int_cold_claim') }} as c
    -- The first season that it reaches.
    inner join {{ ref('int_season') }} as s
        on c.request_date <= s.season_end and c.request_date > coalesce(s.previous_season_end, {{ always() }})
    left join {{ ref('stg_refund_rule') }} as r on c.request_date between r.valid_from and r.valid_to
),

claimed as (
    select
        c.household_id,
        d.season,
        d.heating_date as refund_date,
        c.line,
        c.ticket_no,
        c.request_date,
        c.cure_date,
        case
            when bool_or(c.cause = 'not_user') over one_day then 'not_user'
            when bool_or(c.cause = 'user') over one_day then 'user'
            else 'unknown'
        end as cause,
        row_number() over (
            partition by c.household_id, d.heating_date order by c.request_date, c.line, c.ticket_no
        ) as nth_claim
    from claim as c
    inner join {{ ref('int_season_day') }} as d on c.season = d.season and d.heating_date between c.from_date and c.to_date
    window one_day as (partition by c.household_id, d.heating_date)
),

measured as (
    select * from {{ ref('int_household_day') }} where point_kind = 'all'
)

select
    c.season,
    c.refund_date,
    c.household_id,
    c.line,
    c.ticket_no,
    c.request_date,
    c.cure_date,
    c.cause,
    h.customer_kind,
    h.building_id,
    h.station_id,
    h.branch_id,
    h.heated_area_m2,
    m.value_degc,
    m.standard_degc,
    m.complies,
    t.tier,
    k.has_tariff,
    -- Known tariff and measured, but in no tier: nothing to refund. Without a tariff or a measurement nobody knows.
    case
        when m.value_degc is null or not k.has_tariff then null
        else coalesce(t.refund_percent, 0)
    end as refund_percent
from claimed as c
inner join {{ ref('int_household_place') }} as h
    on c.household_id = h.household_id and c.refund_date between h.from_date and h.to_date
left join measured as m on c.household_id = m.household_id and c.refund_date = m.heating_date
cross join lateral (
    select count(*) > 0 as has_tariff from {{ ref('stg_refund_tier') }} as n where c.refund_date between n.valid_from and n.valid_to
) as k
left join {{ ref('stg_refund_tier') }} as t
    on c.refund_date between t.valid_from and t.valid_to
    and round(cast(m.value_degc as numeric), 6) >= t.from_degc and round(cast(m.value_degc as numeric), 6) < t.below_degc
where c.nth_claim <= 1 and h.customer_kind = 'resident'
