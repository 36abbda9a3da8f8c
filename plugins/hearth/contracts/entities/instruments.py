"""What measures: the instruments and sensors themselves."""

from __future__ import annotations

from hearth.contracts.entity import Entity, date, number, text

ENTITIES = (
    Entity(
        "calibration",
        "Calibration of an instrument or sensor",
        "器具检定",
        ("serial_no", "calibrated_on"),
        "calibrated_on",
        (
            text("serial_no", required=True),
            text("instrument_kind", choices=("instrument", "sensor")),
            date("calibrated_on", required=True),
            number("offset_degc", "degC", required=True, doc="to be added to what it shows"),
            date("valid_until", doc="last valid day, inclusive"),
            text("laboratory"),
        ),
    ),
)
