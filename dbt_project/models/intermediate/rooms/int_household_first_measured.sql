-- First day of the season on which a home was measured, by unit and kind of point: a running count of it gives the number
-- of different homes measured so far.
with by_place as (
    select season, point_kind, household_id, branch_id, station_id, community_id, min(heating_date) as heating_date
    from {{ ref('int_household_day') }}
    group by season, point_kind, household_id, branch_id, station_id, community_id
),

by_unit as (
    select
        p.season,
        p.point_kind,
        u.unit_kind,
        u.unit_id,
        p.household_id,
        min(p.heating_date) as heating_date
    from by_place as p
    cross join lateral (values
        ('company', 'company'), ('branch', p.branch_id), ('station', p.station_id), ('community', p.community_id)
    ) as u (unit_kind, unit_id)
    where u.unit_id is not null
    group by p.season, p.point_kind, u.unit_kind, u.unit_id, p.household_id
)

select
    season,
    heating_date,
    unit_kind,
    unit_id,
    point_kind,
    cast(count(*) as int) as newly_measured_households
from by_unit
group by season, heating_date, unit_kind, unit_id, point_kind
