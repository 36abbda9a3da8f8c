-- Days of the heating seasons from the first season anything is known of up to the last day anything is known of, where
-- to-date figures end.
with horizon as (
    select max(event_date) as last_known_date from {{ ref('stg_known_day') }}
),

beginning as (
    select min(known_since_date) as known_since_date
    from {{ ref('stg_feed_known') }}
    where entity in ({{ daily_entities() }})
)

select
    s.season,
    cast(d.day as date) as heating_date,
    cast(d.day as date) - s.season_start + 1 as season_day,
    s.season_start,
    s.season_end,
    s.previous_season,
    {{ day_start('d.day') }} as day_start_at,
    {{ day_start('d.day + interval \'1 day\'') }} as day_end_at
from {{ ref('int_season') }} as s
inner join beginning as k on s.season_end >= k.known_since_date
cross join horizon as h
cross join {{ ref('stg_place') }} as place
cross join lateral generate_series(
    cast(s.season_start as timestamp), cast(least(s.season_end, h.last_known_date) as timestamp), interval '1 day'
) as d (day)
