-- Faults and emergency repairs with the hours from the report to each step. Outside of the season no home misses heat: of an
-- outage that begins before the season's first day or ends after its last, the part within counts. One that is open lasts
-- until the end of what is known of its feed. A step written down as before the report has no hours: somebody mistyped, and a
-- negative duration would poison every mean.
with step as (
    select
        o.*,
        k.known_until_at,
        coalesce(o.restored_at, o.completed_at) as ended_at,
        o.reported_at <= least(o.diagnosed_at, o.decided_at, o.on_site_at, o.restored_at, o.completed_at)
        and coalesce(o.diagnosed_at <= o.decided_at, true)
        and coalesce(o.decided_at <= o.on_site_at, true)
        and coalesce(o.on_site_at <= o.restored_at, true) as in_order
    from {{ ref('stg_maintenance_order') }} as o
    left join {{ ref('stg_feed_known') }} as k on o.feed = k.feed
    where o.kind in ('fault', 'emergency')
),

outage as (
    select
        *,
        coalesce(ended_at, greatest(reported_at, known_until_at)) as until_at
    from step
),

season as (
    select
        s.season,
        s.season_start,
        {{ day_start('s.season_start') }} as season_start_at,
        {{ day_start('s.season_end + 1') }} as season_end_at
    from {{ ref('int_season') }} as s
    cross join {{ ref('stg_place') }} as place
)

select
    o.order_no,
    d.season,
    o.reported_date as incident_date,
    greatest(o.reported_date, d.season_start) as without_heat_from_date,
    o.kind,
    o.asset_kind,
    o.asset_id,
    o.station_id,
    o.branch_id,
    o.cause,
    o.reported_at,
    o.restored_at,
    o.ended_at is null as is_open,
    case when o.ended_at is null then o.until_at end as open_until_at,
    coalesce(o.in_order, true) as is_in_order,
    {{ hours_between('o.reported_at', 'o.diagnosed_at') }} as diagnosed_hours,
    {{ hours_between('o.reported_at', 'o.decided_at') }} as decided_hours,
    {{ hours_between('o.reported_at', 'o.on_site_at') }} as on_site_hours,
    {{ hours_between('o.reported_at', 'o.ended_at') }} as restored_hours,
    {{ hours_between('o.reported_at', 'o.until_at') }} as outage_hours,
    case
        when d.season is not null
            then {{ hours_between('greatest(o.reported_at, d.season_start_at)', 'least(o.until_at, d.season_end_at)') }}
    end as season_outage_hours,
    case when d.season is not null then o.households_without_heat end as households_without_heat
from outage as o
left join lateral (
    select s.*
    from season as s
    where o.reported_at < s.season_end_at and (o.reported_at >= s.season_start_at or o.until_at > s.season_start_at)
    order by s.season_start
    limit 1
) as d on true
