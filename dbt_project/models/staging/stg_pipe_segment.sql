-- One row per segment of each full export. An export is known by its feed and arrival.
select
    s.feed,
    s.arrived_at as exported_at,
    {{ local_date('s.arrived_at') }} as export_date,
    s.segment_no,
    s.network_level,
    s.dn_mm,
    s.material,
    s.insulation,
    s.laying_way,
    s.length_m,
    s.year_laid,
    s.owner,
    s.start_node,
    s.end_node,
    s.status,
    s.batch_id,
    s.file_id,
    s.position
from {{ picked(source('raw', 'pipe_segment'), ['r.feed', 'r.segment_no', 'r.arrived_at']) }} as s
cross join {{ ref('stg_place') }} as place
