-- Five dimensions of quality of each feed by day, beside the same season day of the season before.
{% set shares = ['completeness_percent', 'on_time_percent', 'accepted_percent', 'unique_percent', 'consistent_percent'] %}
with promised as (
    -- A day on which rows were owed owes what the contract said of that day.
    select
        f.*,
        case when f.expected_rows is not null then coalesce(p.rows_per_day, f.expected_rows) end as owed_rows
    from {{ ref('int_feed_day') }} as f
    left join {{ ref('int_feed_promise') }} as p on f.feed = p.feed and f.heating_date = p.heating_date
),

judged as (
    select
        f.feed,
        f.heating_date,
        f.entity,
        o.owner,
        s.season,
        s.season_day,
        s.previous_season,
        o.lateness_hours,
        f.owed_rows as expected_rows,
        f.missing_intervals,
        f.accepted_rows + f.rejected_rows + f.duplicate_rows as came_rows,
        f.accepted_rows,
        f.rejected_rows,
        f.duplicate_rows,
        f.conflicting_rows,
        f.unknown_point_rows,
        f.out_of_order_rows,
        f.late_rows,
        cast(f.delay_s as double precision) / cast(nullif(f.timed_rows, 0) as double precision) / 3600 as mean_delay_hours,
        least(100, {{ percent('f.accepted_rows', 'f.owed_rows') }}) as completeness_percent,
        {{ percent('f.timed_rows - f.late_rows', 'f.timed_rows') }} as on_time_percent,
        {{ percent('f.accepted_rows', 'f.accepted_rows + f.rejected_rows') }} as accepted_percent,
        {{ percent('f.accepted_rows + f.rejected_rows', 'f.accepted_rows + f.rejected_rows + f.duplicate_rows') }} as unique_percent,
        {{ percent(
            'f.accepted_rows + f.rejected_rows - f.conflicting_rows - f.unknown_point_rows - coalesce(f.out_of_order_rows, 0)',
            'f.accepted_rows + f.rejected_rows'
        ) }} as consistent_percent
    from promised as f
    left join {{ ref('int_feed_owner') }} as o on f.feed = o.feed
    left join {{ ref('int_season_day') }} as s on f.heating_date = s.heating_date
)

select
    j.feed,
    j.heating_date,
    j.entity,
    coalesce(j.owner, 'unknown') as owner,
    j.season,
    cast(j.season_day as int) as season_day,
    cast(j.expected_rows as bigint) as expected_rows,
    cast(j.missing_intervals as bigint) as missing_intervals,
    j.came_rows,
    j.accepted_rows,
    j.rejected_rows,
    j.duplicate_rows,
    j.conflicting_rows,
    j.unknown_point_rows,
    j.out_of_order_rows,
    j.late_rows,
    cast(j.lateness_hours as int) as lateness_hours,
    j.mean_delay_hours,
    {% for share in shares -%}
    j.{{ share }},
    before.{{ share }} as {{ share }}_before{{ ',' if not loop.last }}
    {% endfor %}
from judged as j
left join judged as before
    on j.feed = before.feed and j.entity = before.entity
    and j.previous_season = before.season and j.season_day = before.season_day
