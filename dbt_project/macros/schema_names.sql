{#- Schemas are named by the stage of the data's way, without a prefix of the target; a change that is only tried has one. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var("HEARTH_DBT_SCHEMA_PREFIX", "") }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
