"""What is still to be connected, and whether the heat will do."""

from __future__ import annotations

from hearth.contracts.entity import Entity, date, integer, number, text

ENTITIES = (
    Entity(
        "new_community",
        "New community to be connected",
        "新建小区",
        ("community_id", "report_date"),
        "report_date",
        (
            text("community_id", required=True),
            text("community_name"),
            text("branch_id"),
            text("station_id"),
            date("report_date", required=True),
            date("handed_over_date"),
            number("floor_area_m2", "m2"),
            integer("households"),
            text("first_heating_season", doc="the season in which it should have had heat first, e.g. 2015-16"),
            text(
                "connection_stage",
                required=True,
                choices=("not_contracted", "contracted", "pipe_laid", "station_ready", "connected"),
            ),
            date("connected_date"),
            text("missing", is_note=True, doc="what stands in the way"),
        ),
    ),
    Entity(
        "heat_capacity",
        "Heat capacity and contracted area",
        "供热能力",
        ("unit_kind", "unit_id", "issue_date"),
        "issue_date",
        (
            text("unit_kind", required=True, choices=("plant", "station")),
            text("unit_id", required=True),
            date("issue_date", required=True),
            number("capacity_mw", "MW", required=True),
            number("contracted_area_m2", "m2"),
            number("heat_index_w_per_m2", "W/m2", doc="heat load of a square metre at the design temperature"),
            number("growth_year_1_m2", "m2", doc="area that comes within the first year after the issue"),
            number("growth_year_2_m2", "m2"),
            number("growth_year_3_m2", "m2"),
        ),
    ),
)
