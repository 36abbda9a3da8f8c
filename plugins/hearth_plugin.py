"""What Airflow must register for Hearth; everything else is the package hearth beside this file."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from hearth.dated.timetable import SeasonTimetable
from hearth.reports.front_door import external_views


class HearthPlugin(AirflowPlugin):
    """The heating-season timetable (its qualified name must be the same here and in the DAGs), and our pages in Airflow's menu."""

    name = "hearth"
    timetables: ClassVar[list[type]] = [SeasonTimetable]
    external_views: ClassVar[list[Any]] = external_views()
