-- Segments that rows of a full export name which were refused; without a number where the row's own cannot be read.
select distinct
    feed,
    arrived_at as exported_at,
    subject_id as segment_no
from {{ source('quarantine', 'refused_export_row') }}
where entity = 'pipe_segment'
