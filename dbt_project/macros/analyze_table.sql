{#- Statistics of what was just written: without them the planner knows nothing of a table made a second ago. -#}
{% macro analyze_table() -%}
    {%- if config.get('materialized') != 'view' -%}
        analyze {{ this }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
