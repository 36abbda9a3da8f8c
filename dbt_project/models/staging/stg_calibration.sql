-- Calibrations of instruments and sensors, one row per serial number and day.
select
    c.serial_no,
    c.instrument_kind,
    c.calibrated_on,
    c.offset_degc,
    c.valid_until,
    c.laboratory,
    c.feed,
    c.batch_id,
    c.file_id,
    c.position,
    c.arrived_at
from {{ picked(source('raw', 'calibration'), ['r.serial_no', 'r.calibrated_on']) }} as c
