"""`make bench` runs; how fast is for the machine it runs on to say."""

import json
import os
import subprocess
import sys

import pytest

from local.bench.__main__ import FULL, MEASURES
from local.bench.measured import Measured
from local.instance import REPOSITORY


@pytest.mark.servers
def test_every_measurement_is_made_and_told_with_its_goal() -> None:
    target = REPOSITORY / "build" / "bench.json"
    target.unlink(missing_ok=True)
    measures = ("loading", "memory", "dlt", "dagbag")
    answer = subprocess.run(
        [sys.executable, "-m", "local.bench", *(f"--only={name}" for name in measures), "--size", "0.01"],
        cwd=REPOSITORY,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")},
            "PYTHONPATH": str(REPOSITORY / "plugins"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert target.exists(), answer.stderr[-2000:]
    found = json.loads(target.read_text())
    assert [set(line) for line in found] == [{"name", "ratio", "goal", "met", "detail"}] * 8
    assert answer.returncode == (0 if all(line["met"] for line in found) else 1), answer.stderr[-2000:]
    assert answer.stdout.count("goal") >= 8


def test_a_goal_is_reached_from_its_side() -> None:
    assert Measured("fast", 1.5, 1.5, "").met and not Measured("fast", 1.49, 1.5, "").met
    assert Measured("small", 1.0, 1.0, "", at_most=True).met and not Measured("small", 1.01, 1.0, "", at_most=True).met
    assert Measured("printed", 9.0, None, "").met


def test_the_demo_is_measured_only_by_name() -> None:
    """It takes up to an hour, and the ports of a running one."""
    assert MEASURES.keys() - set(FULL) == {"demo"}
