-- Resident homes in service behind each plant, by season day; only where the register says which plant feeds a station.
select
    s.heating_date,
    t.plant_id,
    cast(sum(s.served_households) as bigint) as served_households
from {{ ref('int_served_unit_day') }} as s
inner join {{ ref('stg_station') }} as t
    on s.unit_kind = 'station' and s.unit_id = t.station_id and s.heating_date between t.valid_from and t.valid_to_effective
where t.plant_id is not null
group by s.heating_date, t.plant_id
