{#-
    97.5 % point of Student's t with `df` degrees of freedom (9 at the least), from that of the normal distribution: Abramowitz and
    Stegun 26.7.5, off by less than 0.00002 from 9 on.
-#}
{% macro student_t(df) -%}
    {%- set z = "cast(" ~ var('wilson_z') ~ " as double precision)" -%}
    {%- set v = "cast(" ~ df ~ " as double precision)" -%}
    ({{ z }}
    + ({{ z }} ^ 3 + {{ z }}) / (4 * {{ v }})
    + (5 * {{ z }} ^ 5 + 16 * {{ z }} ^ 3 + 3 * {{ z }}) / (96 * {{ v }} ^ 2)
    + (3 * {{ z }} ^ 7 + 19 * {{ z }} ^ 5 + 17 * {{ z }} ^ 3 - 15 * {{ z }}) / (384 * {{ v }} ^ 3)
    + (79 * {{ z }} ^ 9 + 776 * {{ z }} ^ 7 + 1482 * {{ z }} ^ 5 - 1920 * {{ z }} ^ 3 - 945 * {{ z }}) / (92160 * {{ v }} ^ 4))
{%- endmacro %}

{#-
    An edge of the 95 % interval of complying / judged with homes as clusters, in percent, from the columns homes, judged,
    complying, judged_squares, products, complying_squares and interval_min_homes: p -+ t(homes - 1) * sqrt(homes / (homes - 1) * sum of
    (complying of a home - p * judged of it) squared) / judged, cut at 0 and 100 (Cochran, Sampling Techniques, 6.5: the variance of a ratio).
    Where all days comply, or none, the homes do not differ and that variance is nothing: the interval is Wilson's, a home a trial.
    Null for fewer homes than interval_min_homes.
-#}
{% macro homes_interval_percent(side) -%}
    {%- set sign = '-' if side == 'low' else '+' -%}
    case
        when homes < interval_min_homes then null
        when complying in (0, judged)
            then {{ wilson_percent('(case when complying = 0 then 0 else homes end)', 'homes', side) }}
        else least(100, greatest(0, 100 * (
            cast(complying as double precision) / judged {{ sign }} {{ student_t('(homes - 1)') }} * sqrt(cast(homes as double precision) / (homes - 1)
            * cast(
                complying_squares - 2 * cast(complying as numeric) * products / judged
                + cast(complying as numeric) * complying * judged_squares / (cast(judged as numeric) * judged)
                as double precision
            )) / judged
        )))
    end
{%- endmacro %}
