-- Each new community in each season from the one in which it should first have had heat: what the newest report says, what
-- the newest one before the season's first day said, and how many seasons it has entered without heat by then. One that is
-- connected and says no date is so from the report that first shows it, for nobody can name an earlier day.
with season as (
    select
        season,
        season_start,
        season_end,
        row_number() over (order by season_start) as season_no
    from {{ ref('int_season') }}
),

known as (
    select min(report_date) as first_report_date, max(report_date) as last_report_date from {{ ref('stg_new_community') }}
),

watched as (
    select s.*
    from season as s
    cross join known as k
    inner join {{ ref('int_limit_period') }} as l on k.last_report_date between l.valid_from and l.valid_to
    where s.season_end >= k.first_report_date
        and s.season_start <= k.last_report_date + cast(l.watch_ahead_days as int)
),

newest as (
    select
        w.season,
        c.*,
        row_number() over (partition by w.season, c.community_id order by c.report_date desc) as nth,
        row_number() over (
            partition by w.season, c.community_id order by c.report_date <= w.season_start desc, c.report_date desc
        ) as nth_before
    from watched as w
    inner join {{ ref('stg_new_community') }} as c on c.report_date <= w.season_end
),

shown as (
    select community_id, min(report_date) as first_shown_date
    from {{ ref('stg_new_community') }}
    where connection_stage = 'connected'
    group by community_id
),

at_start as (
    select n.season, n.community_id, n.connection_stage, n.missing
    from newest as n
    inner join watched as w on n.season = w.season
    where n.nth_before <= 1 and n.report_date <= w.season_start
)

select
    w.season,
    w.season_start,
    w.season_end,
    n.community_id,
    n.community_name,
    n.branch_id,
    n.station_id,
    n.handed_over_date,
    n.floor_area_m2,
    n.households,
    n.first_heating_season,
    n.report_date,
    n.connection_stage,
    n.connected_date,
    case
        when n.connected_date is not null then n.connected_date
        when n.connection_stage = 'connected' then h.first_shown_date
    end as connected_from_date,
    n.missing,
    a.connection_stage as stage_at_start,
    a.missing as missing_at_start,
    -- The day of connection is known afterwards, the stage at the time.
    coalesce(
        n.connected_date > w.season_start,
        n.connection_stage <> 'connected' or h.first_shown_date > w.season_start
    ) as is_without_heat_at_start,
    w.season_no - f.season_no + 1 as nth_season
from watched as w
inner join newest as n on w.season = n.season and n.nth <= 1
inner join season as f on n.first_heating_season = f.season
left join shown as h on n.community_id = h.community_id
left join at_start as a on w.season = a.season and n.community_id = a.community_id
where w.season_no >= f.season_no
