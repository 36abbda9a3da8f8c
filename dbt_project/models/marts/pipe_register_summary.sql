-- Length and age of the network at each full export of the pipe register: whole, and broken down by one attribute at a time;
-- for the whole also what came, went and changed since the export before.
with segment as (
    select
        s.*,
        s.exported_at = max(s.exported_at) over (partition by s.feed) as is_newest,
        cast(s.length_m as numeric) as exact_length_m
    from {{ ref('int_pipe_segment_export') }} as s
),

part as (
    select
        s.feed,
        s.exported_at,
        s.export_date,
        s.export_no,
        s.is_newest,
        l.network_level,
        b.breakdown,
        b.breakdown_value,
        count(*) as segments,
        sum(s.exact_length_m) as length_m,
        sum(s.exact_length_m * s.year_laid)
        / nullif(sum(s.exact_length_m) filter (where s.year_laid is not null), 0) as mean_year_laid
    from segment as s
    cross join lateral (values ('all'), (coalesce(s.network_level, 'unknown'))) as l (network_level)
    cross join lateral (
        values
        ('all', 'all'),
        ('material', coalesce(s.material, 'unknown')),
        ('insulation', coalesce(s.insulation, 'unknown')),
        ('laying_way', coalesce(s.laying_way, 'unknown')),
        ('dn_mm', coalesce(cast(s.dn_mm as text), 'unknown')),
        ('decade_laid', coalesce(cast(s.year_laid / 10 * 10 as text), 'unknown')),
        ('owner', coalesce(s.owner, 'unknown')),
        ('status', coalesce(s.status, 'unknown'))
    ) as b (breakdown, breakdown_value)
    group by
        s.feed, s.exported_at, s.export_date, s.export_no, s.is_newest, l.network_level, b.breakdown, b.breakdown_value
),

changed as (
    select
        c.feed,
        c.exported_at,
        l.network_level,
        count(*) filter (where c.change_kind = 'added') as added_segments,
        count(*) filter (where c.change_kind = 'removed') as removed_segments,
        count(*) filter (where c.change_kind = 'changed') as changed_segments,
        count(*) filter (where c.change_kind = 'missing') as missing_segments,
        count(*) filter (where c.change_kind = 'returned') as returned_segments,
        count(*) filter (where c.change_kind = 'unknown') as unknown_segments,
        count(*) filter (where c.is_laid_anew) as laid_anew_segments,
        sum(cast(c.length_m as numeric)) filter (where c.is_laid_anew) as laid_anew_length_m
    from {{ ref('int_pipe_segment_change') }} as c
    cross join lateral (values ('all'), (coalesce(c.network_level, 'unknown'))) as l (network_level)
    group by c.feed, c.exported_at, l.network_level
)

select
    p.feed,
    p.exported_at,
    p.export_date,
    p.is_newest,
    p.network_level,
    p.breakdown,
    p.breakdown_value,
    cast(p.segments as int) as segments,
    cast(p.length_m as double precision) as length_m,
    {{ percent('p.length_m', 'max(p.length_m) over whole') }} as length_percent,
    cast(p.mean_year_laid as double precision) as mean_year_laid,
    {%- for name in ['added', 'removed', 'changed', 'missing', 'returned', 'unknown', 'laid_anew'] %}
    case when p.breakdown = 'all' and p.export_no > 1 then cast(coalesce(c.{{ name }}_segments, 0) as int) end as {{ name }}_segments,
    {%- endfor %}
    case
        when p.breakdown = 'all' and p.export_no > 1
            then cast(coalesce(c.laid_anew_length_m, 0) as double precision)
    end as laid_anew_length_m
from part as p
left join changed as c
    on p.feed = c.feed and p.exported_at = c.exported_at and p.network_level = c.network_level
window whole as (partition by p.feed, p.exported_at, p.network_level)
