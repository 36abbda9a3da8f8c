{#- A register with one row more per id, without values, for the time before its first row. -#}
{% macro with_unknown_before(relation, key, columns) %}
    select {{ key }}, {{ columns | join(', ') }}, valid_from, valid_to_effective from {{ relation }}
    union all
    select
        {{ key }},
        {% for column in columns %}null as {{ column }}, {% endfor %}
        {{ always() }},
        min(valid_from) - 1
    from {{ relation }}
    group by {{ key }}
{% endmacro %}
