{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    pre_hook="{{ delete_ranges(['room']) }}"
) }}
{{ point_series_days('>= 1', rebuild_ranges(['room']), place_time_zone()) }}
