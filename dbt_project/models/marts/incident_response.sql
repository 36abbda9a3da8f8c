-- How each fault was answered: report, diagnosis, decision, crew on site, heat restored; how many homes had no heat for how
-- long; and whether the reserves the plan for extreme cold asks for were there that day. Short is what is known to be short;
-- ready takes that everything is known.
with readiness as (
    select
        order_no,
        string_agg(distinct item, ', ' order by item) filter (where quantity < required_quantity) as short_items,
        string_agg(distinct item, ', ' order by item) filter (where quantity is null or required_quantity is null) as unknown_items,
        max(quantity) filter (where item = 'crew') as crews_on_duty,
        max(required_quantity) filter (where item = 'crew') as crews_required
    from {{ ref('int_incident_reserve') }}
    group by order_no
)

select
    i.order_no,
    i.season,
    i.incident_date,
    i.without_heat_from_date,
    i.kind,
    i.asset_kind,
    i.asset_id,
    i.station_id,
    i.branch_id,
    i.cause,
    i.reported_at,
    i.restored_at,
    i.is_open,
    i.open_until_at,
    i.is_in_order,
    i.diagnosed_hours,
    i.decided_hours,
    i.on_site_hours,
    i.restored_hours,
    i.outage_hours,
    i.season_outage_hours,
    i.households_without_heat,
    i.households_without_heat * i.season_outage_hours as household_hours_without_heat,
    w.outdoor_degc,
    w.is_below_design,
    case when r.short_items is not null then 'short' when r.unknown_items is null then 'ready' else 'unknown' end as readiness,
    r.short_items,
    r.unknown_items,
    r.crews_on_duty,
    r.crews_required
from {{ ref('int_incident') }} as i
inner join readiness as r on i.order_no = r.order_no
left join {{ ref('int_outdoor_day') }} as w on i.incident_date = w.heating_date
