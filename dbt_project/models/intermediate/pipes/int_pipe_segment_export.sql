-- Segments of each full export of the pipe register, with the number of the export within its feed.
select
    feed,
    exported_at,
    export_date,
    cast(dense_rank() over (partition by feed order by exported_at) as int) as export_no,
    segment_no,
    network_level,
    dn_mm,
    material,
    insulation,
    laying_way,
    length_m,
    year_laid,
    owner,
    start_node,
    end_node,
    status
from {{ ref('stg_pipe_segment') }}
