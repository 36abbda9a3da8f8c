"""What customers report."""

from __future__ import annotations

from hearth.contracts.entity import Entity, flag, instant, integer, personal, text

ENTITIES = (
    Entity(
        "service_ticket",
        "Service ticket",
        "服务工单",
        ("ticket_no",),
        "created_at",
        (
            text("line", required=True, doc="963963, 12345, 12319 or another line's name"),
            text("ticket_no", required=True),
            text("kind", required=True, choices=("complaint", "repair", "consultation", "temperature_test")),
            text("category", choices=("room_cold", "no_heat", "leak", "billing", "service", "other")),
            text("status", choices=("waiting", "accepted", "closed", "returned")),
            text("channel"),
            instant("created_at", required=True),
            instant("accepted_at"),
            instant("assigned_at"),
            instant("on_site_at"),
            instant("solved_at"),
            instant("closed_at"),
            instant("follow_up_at", doc="the customer was called again after closing"),
            integer("persons", doc="people who came with one group petition"),
            flag("created_time_known", doc="false: midnight stands for some time that day"),
            text("household_id"),
            text("branch_id", doc="only where the source itself names the district"),
            text("related_ticket_no"),
            integer("satisfaction", choices=("1", "2", "3", "4", "5")),
            flag("is_user_fault"),
            text("department"),
            personal("caller_name"),
            personal("caller_phone"),
            personal("caller_address"),
            personal("content"),
        ),
    ),
)
