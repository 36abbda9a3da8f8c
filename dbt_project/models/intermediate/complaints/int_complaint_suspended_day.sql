-- Homes with suspended heating that a complaint case of that day is about: they stand in the numerator, so on that day they
-- stand in the denominator as well. By unit, each home once a day.
with home as (
    select distinct
        c.case_date,
        c.household_id,
        c.community_id,
        c.station_id,
        c.branch_id,
        h.heated_area_m2
    from {{ ref('int_complaint_case') }} as c
    inner join {{ ref('int_household_place') }} as h
        on c.household_id = h.household_id and c.case_date between h.from_date and h.to_date
    inner join {{ ref('stg_household_suspension') }} as s
        on c.household_id = s.household_id and c.case_date between s.suspended_from and s.suspended_to
    where c.season is not null and c.customer_kind = 'resident'
)

select
    h.case_date as heating_date,
    u.unit_kind,
    u.unit_id,
    cast(count(*) as int) as homes,
    cast(sum(cast(round(h.heated_area_m2 * 100) as bigint)) as double precision) / 100 as heated_area_m2
from home as h
cross join lateral (
    values
    ('company', 'company'), ('branch', h.branch_id), ('station', h.station_id), ('community', h.community_id)
) as u (unit_kind, unit_id)
where u.unit_id is not null
group by h.case_date, u.unit_kind, u.unit_id
