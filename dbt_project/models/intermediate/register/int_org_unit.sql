-- Who is who in the company: every branch, station and community by its newest register row, with the branch that answers for it.
with station as (
    select distinct on (station_id) *
    from {{ ref('stg_station') }}
    order by station_id asc, valid_from desc
),

community as (
    select distinct on (community_id) *
    from {{ ref('stg_community') }}
    order by community_id asc, valid_from desc
),

-- A branch has no row of its own: it is named by its stations.
branch as (
    select distinct on (branch_id)
        branch_id,
        branch_name
    from station
    where branch_id is not null
    order by branch_id asc, valid_from desc, branch_name asc
)

select
    'company' as unit_kind,
    'company' as unit_id,
    company_name_zh as unit_name,
    cast(null as text) as branch_id,
    cast(null as text) as branch_name,
    cast(null as text) as plant_id
from {{ ref('stg_place') }}
union all
select
    'branch',
    branch_id,
    branch_name,
    branch_id,
    branch_name,
    null
from branch
union all
select
    'station',
    s.station_id,
    s.station_name,
    s.branch_id,
    b.branch_name,
    s.plant_id
from station as s
left join branch as b on s.branch_id = b.branch_id
union all
select
    'community',
    c.community_id,
    c.community_name,
    c.branch_id,
    b.branch_name,
    null
from community as c
left join branch as b on c.branch_id = b.branch_id
