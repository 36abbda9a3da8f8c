{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_ranges() }}"
) }}
{{ point_series_days('< 1', rebuild_ranges(), place_time_zone()) }}
