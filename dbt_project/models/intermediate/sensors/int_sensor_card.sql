-- Yellow cards 黄牌: a finding of an instrument from its first to its last day; one that is back within `card_gap_days` is the same card.
with spaced as (
    select
        f.*,
        d.season,
        case
            when f.heating_date - lag(f.heating_date) over instrument <= l.card_gap_days + 1 then 0
            else 1
        end as begins
    from {{ ref('int_sensor_finding_day') }} as f
    inner join {{ ref('int_season_day') }} as d on f.heating_date = d.heating_date
    inner join {{ ref('int_limit_period') }} as l on f.heating_date between l.valid_from and l.valid_to
    window instrument as (partition by f.subject_kind, f.subject_id, f.finding, f.channel, d.season order by f.heating_date)
),

numbered as (
    select
        *,
        sum(begins) over (partition by subject_kind, subject_id, finding, channel, season order by heating_date) as card_no
    from spaced
)

select
    n.subject_kind,
    n.subject_id,
    n.finding,
    n.channel,
    n.season,
    min(n.heating_date) as first_date,
    max(n.heating_date) as last_date,
    cast(count(*) as int) as days,
    cast(sum(n.bad) as int) as bad,
    cast(sum(n.total) as int) as total,
    (array_agg(n.size_degc order by n.heating_date) filter (where n.size_degc is not null))[1] as size_degc,
    max(n.ended_on) as ended_on
from numbered as n
group by n.subject_kind, n.subject_id, n.finding, n.channel, n.season, n.card_no
