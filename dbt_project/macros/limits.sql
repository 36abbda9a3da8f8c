{#- A limit as a scalar subquery, for the places SQL wants one value for the whole statement: the dated row
    without end. -#}
{% macro limit_value(code) -%}
    select {{ code }} from {{ ref('int_limit_period') }} where valid_to = {{ forever() }}
{%- endmacro %}

{% macro limit_hours(code) -%}
    select make_interval(secs => {{ code }} * 3600) from {{ ref('int_limit_period') }} where valid_to = {{ forever() }}
{%- endmacro %}
