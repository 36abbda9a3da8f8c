{#- Local heating day of an instant, and the instant at which a local day begins (23, 24 or 25 h before the next). -#}
{% macro local_date(instant, time_zone='place.time_zone') -%}
    cast(({{ instant }}) at time zone {{ time_zone }} as date)
{%- endmacro %}

{% macro day_start(day, time_zone='place.time_zone') -%}
    (cast({{ day }} as timestamp) at time zone {{ time_zone }})
{%- endmacro %}

{#- Whole seconds since 1970, so that time weights are exact integers. -#}
{% macro epoch_seconds(instant) -%}
    cast(floor(date_part('epoch', {{ instant }})) as bigint)
{%- endmacro %}

{#- Hours from one instant to a later one; null where the second stands before the first. -#}
{% macro hours_between(since, until) -%}
    case when {{ until }} >= {{ since }} then cast({{ epoch_seconds(until ~ ' - ' ~ since) }} as double precision) / 3600 end
{%- endmacro %}
