{#- How far a number may lie beside another one that it equals but for rounding, as agreement.py has it. -#}
{% macro rounding(value) -%}
    1e-9 * greatest(1, abs({{ value }}))
{%- endmacro %}
