-- Whether the heat will do on a day at the design temperature, in the year of the issue and the three after it: per plant,
-- per station, and for the company as the sum of its plants, which lend each other heat.
with unit as (
    select
        unit_kind,
        unit_id,
        issue_date,
        years_ahead,
        design_degc,
        capacity_mw,
        area_m2,
        area_m2 * heat_index_w_per_m2 / 1000000 as demand_mw
    from {{ ref('int_heat_capacity_year') }}
    union all
    select
        'company',
        'company',
        issue_date,
        years_ahead,
        max(design_degc),
        -- As numeric, so that the order of the rows does not show in a sum.
        cast(sum(cast(capacity_mw as numeric)) as double precision),
        -- One plant without a figure leaves the company without one.
        case when count(area_m2) = count(*) then cast(sum(cast(area_m2 as numeric)) as double precision) end,
        case
            when count(area_m2 * heat_index_w_per_m2) = count(*)
                then cast(sum(cast(area_m2 as numeric) * cast(heat_index_w_per_m2 as numeric)) / 1000000 as double precision)
        end
    from {{ ref('int_heat_capacity_year') }}
    where unit_kind = 'plant'
    group by issue_date, years_ahead
)

select
    u.issue_date,
    u.issue_date = max(u.issue_date) over (partition by u.unit_kind) as is_newest,
    u.unit_kind,
    u.unit_id,
    u.years_ahead,
    cast(date_part('year', u.issue_date) as int) + u.years_ahead as season_start_year,
    u.design_degc,
    u.capacity_mw,
    u.area_m2,
    u.demand_mw,
    u.capacity_mw - u.demand_mw as margin_mw,
    {{ percent('u.capacity_mw - u.demand_mw', 'u.demand_mw') }} as margin_percent,
    u.capacity_mw >= u.demand_mw as is_enough,
    min(u.years_ahead) filter (where u.capacity_mw < u.demand_mw) over (
        partition by u.issue_date, u.unit_kind, u.unit_id
    ) as short_in_years
from unit as u
