-- The limits of readings as one row per stretch of days in which none of them changes.
with edge as (
    select distinct valid_from as day from {{ ref('stg_validation_limit') }}
    union
    select valid_to + 1 from {{ ref('stg_validation_limit') }} where valid_to < {{ forever() }}
),

stretch as (
    select
        day as valid_from,
        coalesce(lead(day) over (order by day) - 1, {{ forever() }}) as valid_to
    from edge
)

select
    s.valid_from,
    s.valid_to,
    {% for code in limit_codes() -%}
    max(l.value) filter (where l.limit_code = '{{ code }}') as {{ code }}{{ "," if not loop.last }}
    {% endfor %}
from stretch as s
inner join {{ ref('stg_validation_limit') }} as l on s.valid_from between l.valid_from and l.valid_to
group by s.valid_from, s.valid_to
