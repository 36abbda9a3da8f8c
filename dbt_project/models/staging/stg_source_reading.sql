-- One row per plant or line and time; a reading that lacks no channel goes before one that does.
select
    r.source_id,
    r.source_kind,
    r.read_at,
    {{ local_date('r.read_at') }} as heating_date,
    r.from_plant_id,
    r.to_plant_id,
    r.supply_degc,
    r.return_degc,
    r.flow_m3_h,
    r.heat_kw,
    r.valve_percent,
    r.state,
    r.feed,
    r.batch_id,
    r.file_id,
    r.position,
    r.arrived_at
from {{ picked(source('raw', 'source_reading'), ['r.source_id', 'r.read_at'], before_arrival='(r.left_out is not null) asc') }} as r
cross join {{ ref('stg_place') }} as place
