"""The right answers about service and works, beside those of the three headline figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from city.truth.observed import Observed
from city.truth.refunds import refund_days
from city.truth.register import Register
from city.truth.service import service_timeliness
from city.truth.write import write_answer
from city.works.build import Works


def write_works_truth(observed: Observed, tickets: dict[str, pd.DataFrame], works: Works, folder: Path) -> None:
    """Compute and write them as CSV under the truth folder."""
    register = Register(observed.registers)
    lines = {line: rows[(rows["reason"] == "") & ~rows["duplicate"]] for line, rows in tickets.items()}
    timeliness = service_timeliness(observed, register, lines, works.sound("reception_days"))
    write_answer(refund_days(observed, register, lines), folder / "refund_exposure.csv", "refund_date")
    write_answer(timeliness, folder / "service_timeliness.csv", "service_date")
