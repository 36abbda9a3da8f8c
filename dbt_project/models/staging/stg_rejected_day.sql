-- How many readings of a measuring point or a heating system were rejected on a day and are still open, by first reason.
select
    entity,
    subject_id,
    event_date as heating_date,
    first_reason as reason,
    cast(rows as int) as rejected_rows
from {{ source('quarantine', 'rejected_day') }}
where entity in ('room_reading', 'station_reading')
