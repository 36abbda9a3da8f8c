-- Season days for which a home may claim a refund: from its request to the cure, the end days as the place's rule counts
-- them (both where no rule is known). A home with several claims has one row a day, under the earliest of them. (`<= 1`,
-- because the planner takes `= 1` for a two-hundredth of the rows and loops over every household-day.)
with claimed as (
    select
        c.household_id,
        d.season,
        d.heating_date as refund_date,
        c.line,
        c.ticket_no,
        c.request_date,
        c.cure_date,
        row_number() over (
            partition by c.household_id, d.heating_date order by c.request_date, c.line, c.ticket_no
        ) as nth_claim
    from {{ ref('int_cold_claim') }} as c
    left join {{ ref('stg_refund_rule') }} as r on c.request_date between r.valid_from and r.valid_to
    inner join {{ ref('int_season_day') }} as d
        on d.heating_date >= c.request_date + case when r.request_day_counts is false then 1 else 0 end
        and d.heating_date <= coalesce(c.cure_date, {{ forever() }}) - case when r.cure_day_counts is false then 1 else 0 end
        -- A claim ends with its season.
        and c.request_date between d.season_start and d.season_end
),

measured as (
    select * from {{ ref('int_household_day') }} where point_kind = 'all'
),

tariff as (
    select distinct valid_from, valid_to from {{ ref('stg_refund_tier') }}
)

select
    c.season,
    c.refund_date,
    c.household_id,
    c.line,
    c.ticket_no,
    c.request_date,
    c.cure_date,
    h.customer_kind,
    h.building_id,
    h.station_id,
    h.branch_id,
    h.heated_area_m2,
    m.value_degc,
    m.standard_degc,
    m.complies,
    t.tier,
    -- Known tariff and measured, but in no tier: nothing to refund. Without a tariff or a measurement nobody knows.
    case
        when m.value_degc is null then null
        when t.tier is not null then t.refund_percent
        when exists (select 1 from tariff as k where c.refund_date between k.valid_from and k.valid_to) then 0
    end as refund_percent
from claimed as c
inner join {{ ref('int_household_place') }} as h
    on c.household_id = h.household_id and c.refund_date between h.from_date and h.to_date
left join measured as m on c.household_id = m.household_id and c.refund_date = m.heating_date
left join {{ ref('stg_refund_tier') }} as t
    on c.refund_date between t.valid_from and t.valid_to
    and round(cast(m.value_degc as numeric), 6) >= t.from_degc and round(cast(m.value_degc as numeric), 6) < t.below_degc
where c.nth_claim <= 1 and h.customer_kind = 'resident'
