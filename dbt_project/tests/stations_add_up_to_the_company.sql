-- Every judged household-day of the company stands at exactly one station, or at none where the register knows none.
with company as (
    select heating_date, point_kind, judged_household_days
    from {{ ref('room_compliance') }}
    where period = 'day' and unit_kind = 'company'
),

station as (
    select heating_date, point_kind, sum(judged_household_days) as judged_household_days
    from {{ ref('room_compliance') }}
    where period = 'day' and unit_kind = 'station'
    group by heating_date, point_kind
),

without_station as (
    select heating_date, point_kind, count(*) as judged_household_days
    from {{ ref('int_household_day') }}
    where station_id is null
    group by heating_date, point_kind
)

select c.*
from company as c
left join station as s on c.heating_date = s.heating_date and c.point_kind = s.point_kind
left join without_station as w on c.heating_date = w.heating_date and c.point_kind = w.point_kind
where c.judged_household_days <> coalesce(s.judged_household_days, 0) + coalesce(w.judged_household_days, 0)
