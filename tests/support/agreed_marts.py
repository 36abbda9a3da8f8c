"""The marts that are agreed on, by name: what the manifest has to have, and what a warehouse has to publish."""

OF_RUNS = {"feed_quality", "quarantine_ageing", "source_reconciliation"}
"""Speak of how rows came, so they change with the cutting of intervals and with a pull that is repeated."""

OF_HEATING = {
    "building_heat",
    "capacity_outlook",
    "cold_buildings",
    "complaint_rate",
    "early_warning",
    "extreme_weather",
    "heat_balance",
    "incident_response",
    "new_community_watch",
    "org_unit",
    "overdue_case",
    "pipe_register_change",
    "pipe_register_summary",
    "pipe_risk",
    "refund_exposure",
    "refund_season",
    "renewal_plan_revision",
    "renewal_progress",
    "room_compliance",
    "season_kpi",
    "sensor_worklist",
    "service_limit",
    "service_timeliness",
    "source_exchange",
    "ticket_reclassification",
    "works_progress",
}
"""The same whatever the order in which the rows came."""

MARTS = OF_HEATING | OF_RUNS
