{#- 10000 * part / whole at full precision; null when there is nothing to divide by. -#}
{% macro per_10000(part, whole) -%}
    10000 * cast({{ part }} as double precision) / cast(nullif({{ whole }}, 0) as double precision)
{%- endmacro %}
