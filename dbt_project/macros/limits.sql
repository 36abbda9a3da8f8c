{#-
    A limit is a dated row: a model takes the value of the row's own day, by a join:
        inner join {{ ref('int_limit_period') }} as l on d.heating_date between l.valid_from and l.valid_to
    What is said over a whole season is judged by the limits of its first day, so that nothing changes while it runs.

    Only what looks from one day at others cannot: a window of SQL is as wide on every row, and a series knows no edge between two
    days. These limits hold for all days; a build refuses a second value of them, because it would change closed seasons
    (dbt_project/tests/standing_limits_have_one_value.sql).
-#}
{% macro standing_limit_codes() -%}
    {{ return([
        'stuck_min_hours', 'stuck_min_readings', 'jump_flag_degc_per_h', 'jump_exclude_degc_per_h',
        'window_drop_degc', 'window_drop_hours', 'window_recovery_hours', 'window_recovery_degc', 'hold_factor',
        'curve_days', 'signal_days', 'bias_recent_days', 'bias_before_days', 'own_heating_min_days',
    ]) }}
{%- endmacro %}

{#- The value of such a limit, as a scalar of the whole statement. -#}
{% macro standing_limit(code) -%}
    {%- if code not in standing_limit_codes() -%}
        {%- do exceptions.raise_compiler_error(code ~ ' is a limit of a day: join int_limit_period by the day of the row') -%}
    {%- endif -%}
    (select {{ code }} from {{ ref('int_limit_period') }} where valid_to = {{ forever() }})
{%- endmacro %}
