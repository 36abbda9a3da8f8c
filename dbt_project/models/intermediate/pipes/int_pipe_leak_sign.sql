-- Signs of a leak by segment, as station telemetry shows them (0 none, 1 certain). Nothing evaluates telemetry yet, so no
-- segment has a row; whoever does fills this model, and the priorities follow.
select
    segment_no,
    cast(null as double precision) as leak_sign
from {{ ref('int_pipe_segment_export') }}
where false
