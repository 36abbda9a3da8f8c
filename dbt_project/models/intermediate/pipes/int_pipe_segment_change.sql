{%- set attributes = [
    'network_level', 'dn_mm', 'material', 'insulation', 'laying_way', 'length_m', 'year_laid', 'owner', 'start_node',
    'end_node', 'status',
] %}
-- What differs from one full export of the pipe register to the next, by segment number: the number of the row and the
-- order of the file say nothing. A segment whose row of an export was refused is unknown there, and so is every one that is
-- absent from an export with a refused row that nobody can read: what became of it tells the first export without such a row.
-- A length that differs by no more than the dated tolerance is the same, written with other digits.
-- A segment that is absent and later back is called missing and returned; removed are those not seen again.
with export as (
    select distinct feed, export_no, exported_at, export_date
    from {{ ref('int_pipe_segment_export') }}
),

segment as (
    select
        s.*,
        lag(s.export_no) over in_time as earlier_export_no,
        lead(s.export_no) over in_time as later_export_no,
        {%- for name in attributes %}
        lag(s.{{ name }}) over in_time as earlier_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_pipe_segment_export') }} as s
    window in_time as (partition by s.feed, s.segment_no order by s.export_no)
),

-- Every export a segment is absent from, up to the first that says so for certain.
absent as (
    select
        *,
        coalesce(bool_and(is_unknown) over (
            partition by feed, segment_no, export_no order by absent_export_no rows between unbounded preceding and 1 preceding
        ), true) as is_told
    from (
        select
            s.*,
            e.export_no as absent_export_no,
            (
                select count(*) > 0
                from {{ ref('stg_refused_segment') }} as r
                where r.feed = e.feed and r.exported_at = e.exported_at and coalesce(r.segment_no, s.segment_no) = s.segment_no
            ) as is_unknown
        from segment as s
        inner join export as e
            on s.feed = e.feed and e.export_no > s.export_no
            and (s.later_export_no is null or e.export_no < s.later_export_no)
    ) as missed
),

present as (
    select
        *,
        concat_ws(
            ', ',
            {%- for name in attributes %}
            case
                when {{ name }} is distinct from earlier_{{ name }}
                {%- if name == 'length_m' %} and coalesce(round(cast(abs(length_m - earlier_length_m) as numeric), 6) > tolerance_m, true){% endif %} then '{{ name }}'
            end{{ ',' if not loop.last }}
            {%- endfor %}
        ) as changed_attributes
    from segment
    inner join (select valid_from, valid_to, cast(pipe_length_tolerance_m as numeric) as tolerance_m from {{ ref('int_limit_period') }}) as l
        on export_date between l.valid_from and l.valid_to
    where export_no > 1
),

change as (
    select
        feed,
        export_no,
        segment_no,
        case
            when earlier_export_no is null then 'added'
            when earlier_export_no < export_no - 1 then 'returned'
            else 'changed'
        end as change_kind,
        case when earlier_export_no is not null then nullif(changed_attributes, '') end as changed_attributes,
        network_level,
        dn_mm,
        material,
        earlier_length_m as previous_length_m,
        length_m,
        earlier_year_laid as previous_year_laid,
        year_laid,
        coalesce(year_laid > earlier_year_laid, false) as is_laid_anew
    from present
    where earlier_export_no is null or earlier_export_no < export_no - 1 or changed_attributes <> ''
    union all
    select
        feed,
        absent_export_no,
        segment_no,
        case when is_unknown then 'unknown' when later_export_no is null then 'removed' else 'missing' end,
        null,
        network_level,
        dn_mm,
        material,
        length_m,
        null,
        year_laid,
        null,
        false
    from absent
    where is_told
)

select
    c.feed,
    e.exported_at,
    e.export_date,
    p.export_date as previous_export_date,
    c.segment_no,
    c.change_kind,
    c.changed_attributes,
    c.network_level,
    c.dn_mm,
    c.material,
    c.previous_length_m,
    c.length_m,
    c.previous_year_laid,
    c.year_laid,
    c.is_laid_anew
from change as c
inner join export as e on c.feed = e.feed and c.export_no = e.export_no
inner join export as p on c.feed = p.feed and c.export_no - 1 = p.export_no
