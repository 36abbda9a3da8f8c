-- New communities season by season: which ones enter their second season, or a later one, without heat, and what is missing.
select
    season,
    community_id,
    community_name,
    branch_id,
    station_id,
    season_start,
    report_date as newest_report_date,
    handed_over_date,
    floor_area_m2,
    households,
    first_heating_season,
    cast(nth_season as int) as nth_season,
    is_without_heat_at_start,
    is_without_heat_at_start and nth_season >= 2 as is_second_season_without_heat,
    stage_at_start,
    missing_at_start,
    connection_stage,
    connected_date,
    connected_from_date,
    case when connection_stage <> 'connected' then missing end as missing,
    case when connected_from_date > season_start then connected_from_date - season_start end as days_late
from {{ ref('int_new_community_season') }}
