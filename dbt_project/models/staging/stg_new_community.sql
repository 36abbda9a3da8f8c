-- One row per new community and day of report.
select
    c.community_id,
    c.community_name,
    c.branch_id,
    c.station_id,
    c.report_date,
    c.handed_over_date,
    c.floor_area_m2,
    c.households,
    c.first_heating_season,
    c.connection_stage,
    c.connected_date,
    c.missing,
    c.feed,
    c.batch_id,
    c.file_id,
    c.position,
    c.arrived_at
from {{ picked(source('raw', 'new_community'), ['r.community_id', 'r.report_date']) }} as c
