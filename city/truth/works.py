"""The right answers about service and works, beside those of the three headline figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from city.rooms import Rooms
from city.truth.cold import cold_buildings
from city.truth.growth import capacity_outlook, new_community_watch
from city.truth.incidents import incident_response, pipe_risk
from city.truth.observed import Observed
from city.truth.programmes import works_progress
from city.truth.reclassified import reclassified
from city.truth.refunds import refund_days, refund_seasons
from city.truth.register import Register
from city.truth.service import all_tickets, service_timeliness
from city.truth.service_limits import service_limits
from city.truth.write import write_answer
from city.works.build import Works


def write_cold_as_made(rooms: Rooms, cold_share: np.ndarray, folder: Path) -> None:
    """What the city made cold in the first winter, and every home whose true mean was below the standard on half of its days.

    Nobody could know all of it: it says what the finding of cold buildings and homes misses.
    """
    network = rooms.network
    truly = np.flatnonzero((cold_share >= 0.5) & ~network.household_enterprise)
    rows = [("building", "made", b) for b in network.building_ids[np.sort(rooms.cold_buildings)].tolist()]
    rows += [("household", "made", h) for h in network.household_ids[np.sort(rooms.cold_homes)].tolist()]
    rows += [("household", "truly_cold", h) for h in network.household_ids[truly].tolist()]
    pd.DataFrame(rows, columns=["kind", "why", "id"]).to_csv(folder / "cold_as_made.csv", index=False)


def write_works_truth(observed: Observed, tickets: dict[str, pd.DataFrame], works: Works, folder: Path) -> None:
    """Compute and write them as CSV under the truth folder."""
    register = Register(observed.registers)
    lines = {line: rows[(rows["reason"] == "") & ~rows["duplicate"]] for line, rows in tickets.items()}
    timeliness = service_timeliness(observed, register, lines, works.sound("reception_days"))
    refunds = refund_days(observed, register, lines)
    write_answer(refunds, folder / "refund_exposure.csv", "refund_date")
    write_answer(refund_seasons(refunds), folder / "refund_season.csv", "")
    write_answer(timeliness, folder / "service_timeliness.csv", "service_date")
    limits = service_limits(observed, register, all_tickets(lines, works.sound("reception_days")))
    write_answer(limits, folder / "service_limit.csv", "service_date")
    write_answer(reclassified(lines), folder / "ticket_reclassification.csv", "reclassified_date")
    visits = works.sound("household_visits")
    write_answer(cold_buildings(observed, register, visits), folder / "cold_buildings.csv", "")
    write_answer(works_progress(observed, works.sound("works_projects")), folder / "works_progress.csv", "as_of_date")
    communities = new_community_watch(observed, works.sound("new_communities"))
    write_answer(communities, folder / "new_community_watch.csv", "")
    write_answer(capacity_outlook(works.sound("heat_capacities")), folder / "capacity_outlook.csv", "issue_date")


def write_incident_truth(
    observed: Observed, orders: pd.DataFrame, exports: list[tuple[date, pd.DataFrame]], works: Works, folder: Path
) -> None:
    """Faults, the reserves of their days, and the pipes."""
    incidents = incident_response(observed, orders, works.sound("emergency_reserves"))
    write_answer(incidents, folder / "incident_response.csv", "incident_date")
    write_answer(pipe_risk(orders, exports), folder / "pipe_risk.csv", "")
