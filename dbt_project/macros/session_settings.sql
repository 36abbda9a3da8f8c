{#-
    Memory for the one big sort, within the model's own transaction. JIT costs more than it gives on
    statements of a few seconds.
-#}
{% macro session_settings() -%}
    set local work_mem = '{{ env_var("HEARTH_DBT_WORK_MEM", "256MB") }}';
    set local jit = off
{%- endmacro %}
