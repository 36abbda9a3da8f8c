"""`make faults`: do every fault of tests/faults.yml for real and say what became of it.

`python -m local.faults [--record] [pytest arguments]`. Runs the tests marked with `fault`, writes build/faults.json, prints a
table and exits 1 when one fails. With --record it writes docs/reliability/faults.json and the pages made from it.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
import psutil

from local import reliability
from local.binaries import find_programs, server_account
from local.instance import REPOSITORY

TARGET = REPOSITORY / "build" / "faults.json"
SYMBOLS = {"pass": "held      ", "fail": "FAILED    ", "untried": "not tried "}


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--record", is_flag=True, help="keep the results in docs/reliability and write the pages anew")
@click.argument("arguments", nargs=-1)
def main(record: bool, arguments: tuple[str, ...]) -> None:
    """Run all faults, or those that pytest's arguments choose."""
    TARGET.unlink(missing_ok=True)
    command = ["-m", "pytest", "-m", "fault", "-n", "2", "--no-loadscope-reorder", "--faults", str(TARGET), *arguments]
    ran = subprocess.run([sys.executable, *command], check=False, cwd=REPOSITORY)
    if not TARGET.exists():
        sys.exit(ran.returncode or 1)
    results = json.loads(TARGET.read_text(encoding="utf-8"))
    show(results)
    if record:
        keep(results)
    sys.exit(1 if ran.returncode or any(entry["result"] == "fail" for entry in results) else 0)


def show(results: list[reliability.Entry]) -> None:
    catalogue = reliability.Catalogue.read()
    for number, found in reliability.by_fault(results).items():
        lost = sum(entry["lost_rows"] for entry in found)
        click.echo(f"{number:4} {SYMBOLS[reliability.outcome(found)]} {lost:4} rows lost  {catalogue[number].what['en']}")
    outcomes = [reliability.outcome(found) for found in reliability.by_fault(results).values()]
    click.echo(", ".join(f"{outcomes.count(result)} {result}" for result in reliability.RESULTS) + f"; {TARGET}")


def keep(results: list[reliability.Entry]) -> None:
    """The record and its pages."""
    reliability.FOLDER.mkdir(exist_ok=True)
    facts = {"date": date.today().isoformat(), "machine": machine(), "results": results}
    target = reliability.FOLDER / "faults.json"
    target.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for page in (target, *reliability.write_pages()):
        click.echo(f"written: {page.relative_to(REPOSITORY)}")


def machine() -> dict[str, Any]:
    """What the results depend on; nothing that names the machine."""
    postgres = Path(find_programs(server_account()).path("postgres"))
    told = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return {
        "cores": psutil.cpu_count(),
        "memory": round(psutil.virtual_memory().total / (1 << 30)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgres": told[2],
    }


if __name__ == "__main__":
    main()
