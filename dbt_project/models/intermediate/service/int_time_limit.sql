-- The time limits of the place by name and day. Of a name with several rows on a day (one a line or kind of ticket) the shortest is
-- shown. The line it is for, or all.
select
    l.limit_code,
    d.heating_date,
    (array_agg(l.measured_to order by l.unit desc, l.value asc))[1] as measured_to,
    (array_agg(l.value order by l.unit desc, l.value asc))[1] as limit_value,
    (array_agg(l.unit order by l.unit desc, l.value asc))[1] as limit_unit,
    case when min(coalesce(l.line, 'all')) = max(coalesce(l.line, 'all')) then min(coalesce(l.line, 'all')) else 'all' end as line
from {{ ref('stg_time_limit') }} as l
inner join {{ ref('int_season_day') }} as d on d.heating_date between l.valid_from and l.valid_to
group by l.limit_code, d.heating_date
