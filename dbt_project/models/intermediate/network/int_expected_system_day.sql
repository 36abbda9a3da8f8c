-- Heating systems that are expected to send on each day: from a system's first reading of a season to the last day any system sent, at
-- the station it was last heard from.
with heard as (
    select
        y.system_id,
        y.station_id,
        y.heating_date,
        g.season
    from {{ ref('int_system_day') }} as y
    inner join {{ ref('int_season_day') }} as g on y.heating_date = g.heating_date
),

expected as (
    select
        s.system_id,
        s.season,
        d.heating_date,
        h.station_id,
        count(h.station_id) over (partition by s.system_id, s.season order by d.heating_date) as stretch_no
    from (select system_id, season, min(heating_date) as first_date from heard group by system_id, season) as s
    inner join {{ ref('int_season_day') }} as d on s.season = d.season and d.heating_date >= s.first_date
    left join heard as h on s.system_id = h.system_id and d.heating_date = h.heating_date
    where d.heating_date <= (select max(y.heating_date) from {{ ref('int_system_day') }} as y)
)

select
    system_id,
    season,
    heating_date,
    max(station_id) over (partition by system_id, season, stretch_no) as station_id
from expected
