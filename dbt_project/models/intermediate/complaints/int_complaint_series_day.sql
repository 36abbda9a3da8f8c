-- Complaint cases of each series on each day that has any. Residents count in the rates; enterprises stand apart.
select
    s.season,
    s.series_no,
    c.case_date as heating_date,
    cast(count(*) filter (where c.customer_kind <> 'enterprise') as int) as cases,
    cast(count(*) filter (where c.customer_kind = 'enterprise') as int) as enterprise_cases,
    cast(coalesce(sum(c.tickets) filter (where c.customer_kind <> 'enterprise'), 0) as int) as tickets,
    cast(count(*) filter (where c.customer_kind <> 'enterprise' and c.is_user_fault) as int) as user_fault_cases
from {{ ref('int_complaint_case') }} as c
cross join lateral (
    values
    ('company', 'company'), ('branch', c.branch_id), ('station', c.station_id), ('community', c.community_id)
) as u (unit_kind, unit_id)
cross join lateral (values ('all'), (c.line)) as l (line)
cross join lateral (values ('all'), (c.category)) as k (category)
inner join {{ ref('int_complaint_series') }} as s
    on c.season = s.season
    and u.unit_kind = s.unit_kind and u.unit_id = s.unit_id
    and l.line = s.line and k.category = s.category
group by s.season, s.series_no, c.case_date
