{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room', 'register']},
    pre_hook="{{ delete_to_date() }}"
) }}
{%- set ranges = to_date_ranges() %}
-- Room compliance as it would be if every kind of home were measured as often as it exists: the rate of each stratum
-- (station, place on the network, place of the flat) weighted by the homes served in it that day. Visits follow complaints: a home
-- that complained does not stand for those around it, so fixed and remote points alone make rates. A stratum without a home judged by
-- them takes its station's own rate, else its branch's, else the company's; the share that had to is said, and of it the share whose
-- only measurement was a visit. A unit all of whose homes had to has no estimate.
with season_day as (
    select * from {{ ref('int_season_day') }}
    where season in (select season from {{ ref('int_season_day') }} where {{ in_ranges('heating_date', ranges) }})
),

home as (
    select
        h.heating_date,
        h.household_id,
        h.branch_id,
        h.station_id,
        h.network_position,
        h.flat_position,
        bool_and(h.complies) filter (where h.point_kind <> 'mobile') as complies
    from {{ ref('int_household_day') }} as h
    inner join season_day as t on h.heating_date = t.heating_date
    where h.point_kind <> 'all'
    group by h.heating_date, h.household_id, h.branch_id, h.station_id, h.network_position, h.flat_position
),

stratum_day as (
    select
        heating_date,
        branch_id,
        station_id,
        network_position,
        flat_position,
        count(complies) as judged,
        count(*) filter (where complies) as complying,
        count(*) filter (where complies is null) as visits
    from home
    group by heating_date, branch_id, station_id, network_position, flat_position
),

stratum_running as (
    select
        s.season,
        s.heating_date,
        s.branch_id,
        s.station_id,
        s.served_households,
        coalesce(d.judged, 0) as judged,
        coalesce(d.complying, 0) as complying,
        sum(coalesce(d.judged, 0)) over stratum as judged_to_date,
        sum(coalesce(d.complying, 0)) over stratum as complying_to_date,
        coalesce(d.visits, 0) as visits,
        sum(coalesce(d.visits, 0)) over stratum as visits_to_date
    from {{ ref('int_served_household_day') }} as s
    inner join season_day as t on s.heating_date = t.heating_date
    left join stratum_day as d
        on s.heating_date = d.heating_date
        and coalesce(s.branch_id, '') = coalesce(d.branch_id, '')
        and coalesce(s.station_id, '') = coalesce(d.station_id, '')
        and coalesce(s.network_position, '') = coalesce(d.network_position, '')
        and coalesce(s.flat_position, '') = coalesce(d.flat_position, '')
    window stratum as (
        partition by s.season, s.branch_id, s.station_id, s.network_position, s.flat_position order by s.heating_date
    )
),

station as (
    select
        s.season,
        s.heating_date,
        p.period,
        s.branch_id,
        s.station_id,
        sum(s.served_households) as served,
        sum(s.served_households) filter (where p.judged > 0) as served_measured,
        coalesce(sum(s.served_households) filter (where p.judged = 0 and p.visits > 0), 0) as served_visited,
        sum(s.served_households * cast(p.complying as numeric) / nullif(p.judged, 0)) as served_complying
    from stratum_running as s
    cross join lateral (
        values ('day', s.judged, s.complying, s.visits), ('to_date', s.judged_to_date, s.complying_to_date, s.visits_to_date)
    ) as p (period, judged, complying, visits)
    where {{ in_ranges('s.heating_date', ranges) }}
    group by s.season, s.heating_date, p.period, s.branch_id, s.station_id
),

unit_day as (
    select
        s.heating_date,
        u.unit_kind,
        u.unit_id,
        sum(s.judged) as judged,
        sum(s.complying) as complying
    from stratum_day as s
    cross join lateral (values ('company', 'company'), ('branch', s.branch_id), ('station', s.station_id)) as u (unit_kind, unit_id)
    where u.unit_id is not null
    group by s.heating_date, u.unit_kind, u.unit_id
),

unit_running as (
    select
        d.season,
        d.heating_date,
        u.unit_kind,
        u.unit_id,
        coalesce(c.judged, 0) as judged,
        coalesce(c.complying, 0) as complying,
        sum(coalesce(c.judged, 0)) over unit as judged_to_date,
        sum(coalesce(c.complying, 0)) over unit as complying_to_date
    from season_day as d
    inner join (
        select distinct t.season, e.unit_kind, e.unit_id
        from unit_day as e
        inner join season_day as t on e.heating_date = t.heating_date
    ) as u on d.season = u.season
    left join unit_day as c on d.heating_date = c.heating_date and u.unit_kind = c.unit_kind and u.unit_id = c.unit_id
    window unit as (partition by d.season, u.unit_kind, u.unit_id order by d.heating_date)
),

rate as (
    select
        u.heating_date,
        p.period,
        u.unit_kind,
        u.unit_id,
        cast(p.complying as numeric) / nullif(p.judged, 0) as rate
    from unit_running as u
    cross join lateral (
        values ('day', u.judged, u.complying), ('to_date', u.judged_to_date, u.complying_to_date)
    ) as p (period, judged, complying)
    where {{ in_ranges('u.heating_date', ranges) }}
),

station_rated as (
    select
        s.season,
        s.heating_date,
        s.period,
        s.branch_id,
        s.station_id,
        s.served,
        s.served_visited,
        s.served - coalesce(s.served_measured, 0) as served_fallen_back,
        -- Homes that still have no rate after the station's own.
        case when r.rate is null then s.served - coalesce(s.served_measured, 0) else 0 end as served_without,
        coalesce(s.served_complying, 0)
        + coalesce(r.rate * (s.served - coalesce(s.served_measured, 0)), 0) as served_complying
    from station as s
    left join rate as r
        on s.heating_date = r.heating_date and s.period = r.period
        and r.unit_kind = 'station' and s.station_id = r.unit_id
),

branch_rated as (
    select
        s.season,
        s.heating_date,
        s.period,
        s.branch_id,
        sum(s.served) as served,
        sum(s.served_visited) as served_visited,
        sum(s.served_fallen_back) as served_fallen_back,
        case when max(r.rate) is null then sum(s.served_without) else 0 end as served_without,
        sum(s.served_complying) + coalesce(max(r.rate) * sum(s.served_without), 0) as served_complying
    from station_rated as s
    left join rate as r
        on s.heating_date = r.heating_date and s.period = r.period
        and r.unit_kind = 'branch' and s.branch_id = r.unit_id
    group by s.season, s.heating_date, s.period, s.branch_id
),

company_rated as (
    select
        b.season,
        b.heating_date,
        b.period,
        sum(b.served) as served,
        sum(b.served_visited) as served_visited,
        sum(b.served_fallen_back) as served_fallen_back,
        max(r.rate) as rate,
        sum(b.served_complying) + max(r.rate) * sum(b.served_without) as served_complying
    from branch_rated as b
    left join rate as r
        on b.heating_date = r.heating_date and b.period = r.period and r.unit_kind = 'company'
    group by b.season, b.heating_date, b.period
),

every_unit as (
    select
        season,
        heating_date,
        period,
        'company' as unit_kind,
        'company' as unit_id,
        served,
        served_visited,
        served_fallen_back,
        served_complying
    from company_rated
    union all
    select
        b.season,
        b.heating_date,
        b.period,
        'branch',
        b.branch_id,
        b.served,
        b.served_visited,
        b.served_fallen_back,
        b.served_complying + case when b.served_without > 0 then c.rate * b.served_without else 0 end
    from branch_rated as b
    inner join company_rated as c on b.heating_date = c.heating_date and b.period = c.period
    where b.branch_id is not null
    union all
    select
        s.season,
        s.heating_date,
        s.period,
        'station',
        s.station_id,
        sum(s.served),
        sum(s.served_visited),
        sum(s.served_fallen_back),
        sum(s.served_complying + case when s.served_without > 0 then coalesce(r.rate, c.rate) * s.served_without else 0 end)
    from station_rated as s
    inner join company_rated as c on s.heating_date = c.heating_date and s.period = c.period
    left join rate as r
        on s.heating_date = r.heating_date and s.period = r.period
        and r.unit_kind = 'branch' and s.branch_id = r.unit_id
    where s.station_id is not null
    group by s.season, s.heating_date, s.period, s.station_id
)

select
    season,
    heating_date,
    period,
    unit_kind,
    unit_id,
    case
        when served_fallen_back < served then cast(100 * served_complying / nullif(served, 0) as double precision)
    end as weighted_percent,
    cast(served_fallen_back as double precision) / nullif(served, 0) as weighted_fallback_share,
    cast(served_visited as double precision) / nullif(served, 0) as weighted_visits_only_share
from every_unit
