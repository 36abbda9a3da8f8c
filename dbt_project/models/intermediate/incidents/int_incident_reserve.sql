-- What an answer to each fault takes, and what the reserves of that day say of it: crews, vehicles and spare parts of the
-- branch, fuel and power of every plant that reported them in that season. Without a row of the day the quantity is empty.
with incident as (
    select i.order_no, i.incident_date, i.branch_id, s.season
    from {{ ref('int_incident') }} as i
    left join {{ ref('int_season') }} as s on i.incident_date between s.season_start and s.season_end
),

plant as (
    select distinct s.season, r.item, r.site_id
    from {{ ref('int_emergency_reserve') }} as r
    left join {{ ref('int_season') }} as s on r.reserve_date between s.season_start and s.season_end
    where r.item in ('fuel', 'power')
),

needed as (
    select i.order_no, i.incident_date, k.item, i.branch_id as site_id
    from incident as i
    cross join (values ('crew'), ('vehicle'), ('spare_part')) as k (item)
    union all
    select i.order_no, i.incident_date, k.item, p.site_id
    from incident as i
    cross join (values ('fuel'), ('power')) as k (item)
    left join plant as p on k.item = p.item and i.season is not distinct from p.season
)

select
    n.order_no,
    n.item,
    n.site_id,
    r.quantity,
    r.required_quantity
from needed as n
left join {{ ref('int_emergency_reserve') }} as r
    on n.site_id = r.site_id and n.item = r.item and n.incident_date = r.reserve_date
