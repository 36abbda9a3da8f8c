{#- True on the instants of the days to build and of so many days to either side of them; all of them in a full build. -#}
{% macro instants_beside(column, ranges, time_zone, days=1) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif not ranges -%}
        false
    {%- else -%}
        (
            {%- for r in ranges %}
            {{ 'or ' if not loop.first }}(
                {{ column }} >= (greatest(cast('{{ r.from }}' as date), date '1000-01-01') - {{ days }})::timestamp at time zone '{{ time_zone }}'
                and {{ column }} < (least(cast('{{ r.to }}' as date), date '9000-01-01') + {{ days + 1 }})::timestamp at time zone '{{ time_zone }}'
            )
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}

{#- The limits without end, one row: what a series is judged by, because it knows no edge between two days. -#}
{% macro lasting_limits() -%}
    (select * from {{ ref('int_limit_period') }} where valid_to = {{ forever() }})
{%- endmacro %}

{#- A limit in days as an interval. -#}
{% macro limit_days(code) -%}
    select {{ code }} * interval '1 day' from {{ ref('int_limit_period') }} where valid_to = {{ forever() }}
{%- endmacro %}
