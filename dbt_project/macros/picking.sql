{#-
    One row per natural key: the highest source version, then the latest arrival, so that the order of loading
    cannot matter. `before_arrival` puts a further term between the two; `key_order` names the key's columns whose
    order a reader wants to go on with. (`<= 1`, because the planner takes `= 1` for a two-hundredth of the rows.)
-#}
{% macro picked(relation, key, before_arrival=none, key_order=none) -%}
    (
        select *
        from (
            select
                r.*,
                row_number() over (
                    partition by {{ key | join(', ') }}
                    order by
                        {% if key_order %}{{ key_order }},{% endif %}
                        r.source_version desc,
                        {% if before_arrival %}{{ before_arrival }},{% endif %}
                        r.arrived_at desc,
                        r.feed asc,
                        r.position desc
                ) as nth
            from {{ relation }} as r
            where {{ not_waiting('r.feed') }}
        ) as numbered
        where nth <= 1
    )
{%- endmacro %}

{#- Last day on which a register row holds: the day before the next row of the same id. -#}
{% macro day_before_next(key) -%}
    coalesce(
        lead(valid_from) over (partition by {{ key }} order by valid_from) - 1,
        {{ forever() }}
    )
{%- endmacro %}

{% macro forever() -%}
    cast('9999-12-31' as date)
{%- endmacro %}

{#- First day of a dated row without one, and of everything known before the first row of a register. -#}
{% macro always() -%}
    cast('0001-01-01' as date)
{%- endmacro %}

{#- Whether rows of a feed may enter marts: not those of a new one whose contract nobody has approved (names are [a-z0-9_]). -#}
{% macro not_waiting(feed) -%}
    {%- set waiting = env_var('HEARTH_WAITING_FEEDS', '').split() -%}
    {%- if waiting -%}
        {{ feed }} not in ('{{ waiting | join("', '") }}')
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
