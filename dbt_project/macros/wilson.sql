{#- Edges of the Wilson 95 % interval of a share, in percent; null without anything judged. Known: 675 of 696 -> 95.43-98.02. -#}
{% macro wilson_percent(complying, judged, side) -%}
    {%- set z = var('wilson_z') -%}
    {%- set n = "cast(nullif(" ~ judged ~ ", 0) as double precision)" -%}
    {%- set share = "(" ~ complying ~ " / " ~ n ~ ")" -%}
    {%- set sign = '-' if side == 'low' else '+' -%}
    {%- set edge, at_edge = ('0', '0') if side == 'low' else (judged, '100') -%}
    case
        -- Exactly, which the formula is not in double precision: of 0 of 432 it made a hair more than nothing.
        when {{ judged }} > 0 and {{ complying }} = {{ edge }} then {{ at_edge }}
        when {{ judged }} > 0 then least(100, greatest(0, 100 * (
            {{ share }} + {{ z }} * {{ z }} / (2 * {{ n }})
            {{ sign }} {{ z }} * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }}))
        ) / (1 + {{ z }} * {{ z }} / {{ n }})))
    end
{%- endmacro %}

{#-
    100 * part / whole, null when there is nothing to divide by. Divided as numeric, to twenty places: in double precision
    100 * 5.27 / 5.27 is more than 100. So x of x is exactly 100, and what is no more than the whole is never more than 100.
-#}
{% macro percent(part, whole) -%}
    cast(100.00000000000000000000 * cast({{ part }} as numeric) / cast(nullif({{ whole }}, 0) as numeric) as double precision)
{%- endmacro %}
