"""`make bench` runs; how fast is for the machine it runs on to say."""

import json
import os
import subprocess
import sys

import pytest

from local.instance import REPOSITORY


@pytest.mark.servers
def test_every_measurement_is_made_and_told_with_its_goal() -> None:
    target = REPOSITORY / "build" / "bench.json"
    target.unlink(missing_ok=True)
    answer = subprocess.run(
        [sys.executable, "-m", "local.bench", "--days", "1"],
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
    assert [set(line) for line in found] == [{"name", "ratio", "goal", "met", "detail"}] * 3
    assert answer.returncode == (0 if all(line["met"] for line in found) else 1), answer.stderr[-2000:]
    assert answer.stdout.count("goal") >= 3
