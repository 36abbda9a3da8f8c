{#- A limit as a scalar subquery, for the places SQL wants one value for the whole statement: the dated row
    without end. -#}
{% macro limit_value(code) -%}
    select {{ code }} from {{ ref('int_limit_period') }} where valid_to = {{ forever() }}
{%- endmacro %}

{% macro limit_hours(code) -%}
    select make_interval(secs => {{ code }} * 3600) from {{ ref('int_limit_period') }} where valid_to = {{ forever() }}
{%- endmacro %}

{#- The limits without end, one row: what a series is judged by, because it knows no edge between two days. -#}
{% macro lasting_limits() -%}
    (select * from {{ ref('int_limit_period') }} where valid_to = {{ forever() }})
{%- endmacro %}

{#- A limit in days as an interval. -#}
{% macro limit_days(code) -%}
    select {{ code }} * interval '1 day' from {{ ref('int_limit_period') }} where valid_to = {{ forever() }}
{%- endmacro %}
