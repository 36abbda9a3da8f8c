-- Points of each segment by factor: of the rows of one factor that its value reaches, the one with the most points.
with fact as (
    select s.feed, s.segment_no, s.export_date, f.factor, f.value
    from {{ ref('int_pipe_state') }} as s
    cross join lateral (
        values
        ('age_years', cast(s.age_years as double precision)),
        ('failures', cast(s.failures as double precision)),
        ('no_insulation', case when s.insulation in ('无', 'none') then 1 end),
        ('in_trench', case when s.laying_way in ('地沟', 'duct') then 1 end)
    ) as f (factor, value)
    where f.value is not null
),

reached as (
    select
        f.feed,
        f.segment_no,
        f.factor,
        f.value,
        k.points,
        k.reason,
        k.reason_zh,
        row_number() over (partition by f.feed, f.segment_no, f.factor order by k.points desc, k.at_least desc) as nth
    from fact as f
    inner join {{ ref('stg_pipe_risk_factor') }} as k
        on f.factor = k.factor and f.value >= k.at_least and f.export_date between k.valid_from and k.valid_to
)

select feed, segment_no, factor, value, points, reason, reason_zh
from reached
where nth <= 1
