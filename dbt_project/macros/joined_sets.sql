{#-
    Two expressions of a recursive `with`: sets of whatever pairs join, directly or through others, as `<name>_set (member, set_no)`;
    a set's number is its smallest member. `pairs` selects `one` and `other`, whole numbers. Walks start from members that are smaller
    than all beside them and go on over larger ones, so that as a rule each member is reached once; circles end by themselves.
-#}
{% macro joined_sets(name, pairs) -%}
{{ name }}_pair as (
    {{ pairs }}
),

{{ name }}_beside as (
    select one as member, other as beside from {{ name }}_pair
    union all
    select other, one from {{ name }}_pair
),

{{ name }}_walk as (
    select member as set_no, member
    from {{ name }}_beside
    group by member
    having min(beside) > member
    union
    select w.set_no, b.beside
    from {{ name }}_walk as w
    inner join {{ name }}_beside as b on w.member = b.member and b.beside > w.set_no
),

{{ name }}_set as (
    select member, min(set_no) as set_no
    from {{ name }}_walk
    group by member
)
{%- endmacro %}
