-- How each fault was answered: report, diagnosis, decision, crew on site, heat restored; how many homes had no heat for how
-- long; and whether the reserves the plan for extreme cold asks for were there that day. Fuel and power stand for the whole
-- company, crews, vehicles and parts for the branch.
with readiness as (
    select
        i.order_no,
        count(*) as items,
        string_agg(distinct r.item, ', ' order by r.item) filter (where r.quantity < r.required_quantity) as short_items,
        max(r.quantity) filter (where r.item = 'crew') as crews_on_duty,
        max(r.required_quantity) filter (where r.item = 'crew') as crews_required
    from {{ ref('int_incident') }} as i
    inner join {{ ref('int_emergency_reserve') }} as r
        on i.incident_date = r.reserve_date and (i.branch_id = r.site_id or r.item in ('fuel', 'power'))
    group by i.order_no
)

select
    i.order_no,
    i.season,
    i.incident_date,
    i.kind,
    i.asset_kind,
    i.asset_id,
    i.station_id,
    i.branch_id,
    i.cause,
    i.reported_at,
    i.restored_at,
    i.is_open,
    i.is_in_order,
    i.diagnosed_hours,
    i.decided_hours,
    i.on_site_hours,
    i.restored_hours,
    i.households_without_heat,
    i.households_without_heat * i.restored_hours as household_hours_without_heat,
    w.outdoor_degc,
    w.is_below_design,
    case when r.items is null then 'unknown' when r.short_items is null then 'ready' else 'short' end as readiness,
    r.short_items,
    r.crews_on_duty,
    r.crews_required
from {{ ref('int_incident') }} as i
left join readiness as r on i.order_no = r.order_no
left join {{ ref('int_outdoor_day') }} as w on i.incident_date = w.heating_date
