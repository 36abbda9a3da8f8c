{{ config(materialized='view') }}
-- What each point sent on each local day, flagged and added up; both halves of the points.
select * from {{ ref('int_point_series_day_1') }}
union all
select * from {{ ref('int_point_series_day_2') }}
