-- Differences between each full export of the pipe register and the one before it, one row a segment.
select
    feed,
    exported_at,
    export_date,
    previous_export_date,
    segment_no,
    change_kind,
    changed_attributes,
    is_laid_anew,
    network_level,
    dn_mm,
    material,
    previous_length_m,
    length_m,
    case when change_kind <> 'unknown' then coalesce(length_m, 0) - coalesce(previous_length_m, 0) end as length_change_m,
    previous_year_laid,
    year_laid
from {{ ref('int_pipe_segment_change') }}
