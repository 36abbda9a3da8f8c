{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    pre_hook="{{ delete_ranges(['room']) }}"
) }}
-- depends_on: {{ ref('int_rebuild_range') }} {{ ref('int_series_reach') }} {{ ref('int_season_day') }} {{ ref('stg_place') }}
-- depends_on: {{ ref('stg_room_reading') }} {{ ref('int_point_setting') }} {{ ref('int_limit_period') }}
{{ point_series_days('< 1', rebuild_ranges(['room']), place_time_zone()) }}
