"""What Airflow must register for Hearth; everything else is the package hearth beside this file."""

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from hearth.seasons.timetable import SeasonTimetable


class HearthPlugin(AirflowPlugin):
    """The heating-season timetable (its qualified name must be the same here and in the DAGs)."""

    name = "hearth"
    timetables: ClassVar[list[type]] = [SeasonTimetable]
