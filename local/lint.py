"""Every check of style, types and secrets, all of them even when one complains: `python -m local.lint [name ...]`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from local.instance import REPOSITORY

SURROUNDINGS = {**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")}
SKIPPED = (".venv", ".venv-superset", ".venv-spark", ".venv-dlt", ".venv-bootstrap", "build", "target", "__pycache__", ".git")


def checks() -> dict[str, list[str]]:
    """Name -> command, run in the repository's folder."""
    tools = Path(sys.executable).parent
    files = our_files()
    packages = [name for name in ("plugins/hearth", "plugins/hearth_plugin.py", "city", "local") if _there(name)]
    models = [name for name in ("dbt_project/models", "dbt_project/tests", "dbt_project/snapshots") if _sql_in(name)]
    sqlfluff = [str(tools / "sqlfluff"), "lint", "--disable-progress-bar", "--processes", "2"]
    statements = sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("plugins/hearth/*/sql"))
    return {
        "ruff": [str(tools / "ruff"), "check", "."],
        "format": [str(tools / "ruff"), "format", "--check", "."],
        "mypy": [str(tools / "mypy"), *packages],
        "imports": [str(tools / "lint-imports"), "--no-cache"],
        "sqlfluff": [*sqlfluff, *models],
        "statements": [*sqlfluff, "--config", "plugins/hearth/statements.cfg", *statements],
        "yamllint": [str(tools / "yamllint"), "--strict", *(f for f in files if f.endswith((".yml", ".yaml")))],
        "secrets": [str(tools / "detect-secrets-hook"), "--baseline", ".secrets.baseline", *files],
    }


def our_files() -> list[str]:
    """Files of the repository that git knows or would take; every file outside of build folders without git."""
    answer = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == 0:
        names = [name for name in answer.stdout.split("\0") if name]
    else:
        names = [str(path.relative_to(REPOSITORY)) for path in REPOSITORY.rglob("*") if path.is_file()]
        names = [name for name in names if not set(Path(name).parts) & set(SKIPPED)]
    return sorted(name for name in names if _there(name))


def _there(name: str) -> bool:
    return (REPOSITORY / name).exists()


def _sql_in(name: str) -> bool:
    return any((REPOSITORY / name).rglob("*.sql"))


def _run(command: list[str]) -> tuple[bool, str, float]:
    """(whether it complained of nothing, what it said, seconds)."""
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=REPOSITORY, env=SURROUNDINGS, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode == 0, done.stdout, time.monotonic() - began


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Run all checks, or those named; exit 1 when one of them complains."""
    known = checks()
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = {name: pool.submit(_run, known[name]) for name in names or known}
        for name, check in running.items():
            is_good, told, seconds = check.result()
            print(f"== {name}\n{told}   {'ok' if is_good else 'FAILED'}, {seconds:.1f} s", flush=True)
            failed += [] if is_good else [name]
    print(f"lint: {', '.join(failed)} failed" if failed else "lint: all checks passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
