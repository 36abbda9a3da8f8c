{{ config(materialized='view') }}
-- Each heating system and local day, as the reduction `system_day` makes it of readings.
select * from {{ source('reduced', 'system_day') }}
