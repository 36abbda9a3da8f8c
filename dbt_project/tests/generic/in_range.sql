{#-
    A number within its bounds, both inclusive; an empty one passes. Returns the rows outside, by more than double precision
    rounds: no number is compared bare.
-#}
{% test in_range(model, column_name, min_value=none, max_value=none) %}
select *
from {{ model }}
where
    {% if min_value is not none %}{{ column_name }} < {{ min_value }} - {{ rounding(min_value) }}{% else %}false{% endif %}
    or {% if max_value is not none %}{{ column_name }} > {{ max_value }} + {{ rounding(max_value) }}{% else %}false{% endif %}
{% endtest %}
