-- Whether it is known, for each season day, how many people came in person and how many petitions: every feed that tells of them
-- was asked for the whole day. Only then is nobody a zero.
with teller as (
    select feed, channel from {{ ref('stg_in_person_feed') }}
    union
    select feed, channel from {{ ref('stg_service_ticket') }} where channel in ('walk_in', 'group_petition')
),

asked as (
    select
        t.feed,
        t.channel,
        range_agg(tstzrange(p.interval_start, p.interval_end)) as spans
    from teller as t
    inner join {{ ref('stg_pulled_interval') }} as p on t.feed = p.feed
    group by t.feed, t.channel
)

select
    d.heating_date,
    {%- for channel in ['walk_in', 'group_petition'] %}
    coalesce(bool_and(a.spans @> tstzrange(d.day_start_at, d.day_end_at)) filter (where a.channel = '{{ channel }}'), false)
        as {{ channel }}s_known{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_season_day') }} as d
left join asked as a on true
group by d.heating_date
