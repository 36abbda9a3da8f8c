-- Seasons of the place with the one before each, for comparing the same number of season days.
select
    season,
    season_start,
    season_end,
    season_days,
    previous_season,
    previous_season_start,
    previous_season_end
from {{ ref('stg_heating_season') }}
