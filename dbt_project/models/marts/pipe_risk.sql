-- Which pipe to mend first: age, failures per kilometre and year, and the rank with its reasons in words.
with scored as (
    select
        feed,
        segment_no,
        sum(points) as points,
        string_agg(reason, '; ' order by points desc, factor asc) as reasons,
        string_agg(reason_zh, '；' order by points desc, factor asc) as reasons_zh
    from {{ ref('int_pipe_risk_point') }}
    group by feed, segment_no
),

judged as (
    select
        s.*,
        cast(s.failures as double precision) / nullif(s.length_m / 1000 * s.watched_years, 0) as failures_per_km_year,
        case when exists (select 1 from {{ ref('int_pipe_risk_point') }}) then coalesce(c.points, 0) end as risk_points,
        c.reasons,
        c.reasons_zh
    from {{ ref('int_pipe_state') }} as s
    left join scored as c on s.feed = c.feed and s.segment_no = c.segment_no
)

select
    feed,
    segment_no,
    export_date,
    network_level,
    dn_mm,
    material,
    insulation,
    laying_way,
    length_m,
    year_laid,
    owner,
    age_years,
    cast(failures as int) as failures,
    last_failure_date,
    watched_years,
    failures_per_km_year,
    cast(risk_points as int) as risk_points,
    case
        when risk_points > 0
            then cast(row_number() over (
                partition by feed order by risk_points desc nulls last, failures_per_km_year desc nulls last, segment_no asc
            ) as int)
    end as priority_rank,
    reasons,
    reasons_zh
from judged
