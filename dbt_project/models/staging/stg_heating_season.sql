-- Seasons of this place; the statutory dates hold until the actual ones are known.
with season as (
    select
        s.season,
        s.statutory_start,
        s.statutory_end,
        coalesce(s.actual_start, s.statutory_start) as season_start,
        coalesce(s.actual_end, s.statutory_end) as season_end
    from {{ ref('heating_season') }} as s
    inner join {{ ref('stg_place') }} as place on s.jurisdiction = place.jurisdiction
)

select
    season,
    statutory_start,
    statutory_end,
    season_start,
    season_end,
    season_end - season_start + 1 as season_days,
    lag(season) over (order by season_start) as previous_season,
    lag(season_start) over (order by season_start) as previous_season_start,
    lag(season_end) over (order by season_start) as previous_season_end
from season
