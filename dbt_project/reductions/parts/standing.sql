{#- Points that are made and read further than the others: those that stand still at an edge of what changed, so that a run may go on beyond it, and
    those that send, or whose values hold, over longer than what is read beside an edge. -#}
edge as (
    {% with in_days = standing.in_edges %}{% include 'picked/room_reading.sql' %}{% endwith %}
),

standing as (
    select e.point_id
    from edge as e
    inner join point_setting as s
        on e.point_id = s.point_id and e.read_at >= s.set_from_at and e.read_at < s.set_before_at
    where e.nth = 1
    group by e.point_id
    having
        {%- set shown = nearest(nearest('e.temperature_degc * 1e6') ~ ' / 1e5') %}
        {%- for at_edge in standing.edges %}
        {{ 'or ' if not loop.first }}min({{ shown }}) filter (where {{ at_edge('e.read_at') }})
        = max({{ shown }}) filter (where {{ at_edge('e.read_at') }})
        {%- endfor %}
    union
    select point_id
    from point_setting
    where silence_seconds > {{ standing.seconds }}
        or hold_seconds + ({{ standing_limit('window_drop_hours') }} + {{ standing_limit('window_recovery_hours') }}) * 3600 > {{ standing.seconds }}
)
