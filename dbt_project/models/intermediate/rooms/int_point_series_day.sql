{{ config(materialized='view') }}
-- What each point sent on each local day, flagged and added up, as the reduction `point_day` makes it of readings.
select * from {{ source('reduced', 'point_day') }}
