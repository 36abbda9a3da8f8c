{#- Limits the models use; each is a dated row of the seed validation_limit. -#}
{% macro limit_codes() -%}
    {{ return([
        'room_min_degc', 'room_max_degc', 'room_watch_low_degc', 'room_watch_high_degc',
        'stuck_min_hours', 'stuck_min_readings', 'stuck_max_resolution_degc', 'stuck_silence_factor', 'stuck_silence_max_hours',
        'jump_flag_degc_per_h', 'jump_exclude_degc_per_h',
        'window_drop_degc', 'window_drop_hours', 'window_recovery_hours', 'window_recovery_degc',
        'completeness_min_share', 'hold_factor', 'comfort_min_degc', 'comfort_max_degc',
        'low_battery_v', 'windows_closed_min_minutes',
        'outdoor_day_min_hours', 'interval_min_homes', 'case_gap_hours', 'case_reference_days',
        'pipe_length_tolerance_m',
        'renewal_rate_days', 'renewal_forecast_max_days', 'complaint_verdict_min_days', 'verdict_min_known_percent', 'satisfied_min_score',
        'cold_home_min_days', 'cold_home_share', 'cold_building_min_homes', 'cold_building_share',
        'comparable_outdoor_min_degc', 'comparable_outdoor_max_degc', 'watch_ahead_days',
        'heat_max_kw', 'swap_min_degc', 'system_day_min_hours', 'curve_days', 'curve_min_days', 'curve_watch_degc',
        'balance_watch_degc', 'balance_act_degc', 'balance_min_households', 'balance_min_found_households', 'balance_min_end_households',
        'overheated_degc', 'overheated_share', 'cold_share',
        'error_min_share', 'swapped_min_share', 'low_battery_min_share', 'bias_recent_days',
        'bias_before_days', 'bias_min_recent_days', 'bias_min_before_days', 'bias_min_peers', 'bias_step_degc',
        'own_heating_min_days', 'own_heating_over_degc', 'moved_watch_days', 'card_gap_days',
        'signal_days', 'signal_min_days', 'warning_z', 'leak_min_factor',
        'supply_spread_min_degc', 'flow_spread_min_share', 'pressure_spread_min_mpa', 'make_up_spread_min_share',
        'water_kwh_per_m3_degc', 'extreme_before_days', 'calibration_watch_days',
        'water_max_degc', 'household_meter_max_kw', 'building_meter_max_kw', 'meter_min_told_share',
        'quarantine_age_recent_days', 'quarantine_age_overdue_days',
    ]) }}
{%- endmacro %}
