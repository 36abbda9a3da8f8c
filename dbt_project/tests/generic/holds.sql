{#- A condition every row meets; where it is neither true nor false for want of a value, the row passes. -#}
{% test holds(model, condition) %}
select *
from {{ model }}
where not ({{ condition }})
{% endtest %}
