{#- Edges of the Wilson 95 % interval of a share, in percent; null without anything judged. Known: 675 of 696 -> 95.43-98.02. -#}
{% macro wilson_percent(complying, judged, side) -%}
    {%- set z = var('wilson_z') -%}
    {%- set n = "cast(nullif(" ~ judged ~ ", 0) as double precision)" -%}
    {%- set share = "(" ~ complying ~ " / " ~ n ~ ")" -%}
    {%- set sign = '-' if side == 'low' else '+' -%}
    case
        when {{ judged }} > 0 then least(100, greatest(0, 100 * (
            {{ share }} + {{ z }} * {{ z }} / (2 * {{ n }})
            {{ sign }} {{ z }} * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }}))
        ) / (1 + {{ z }} * {{ z }} / {{ n }})))
    end
{%- endmacro %}

{#- 100 * part / whole at full precision; null when there is nothing to divide by. -#}
{% macro percent(part, whole) -%}
    100.0 * cast({{ part }} as double precision) / cast(nullif({{ whole }}, 0) as double precision)
{%- endmacro %}
