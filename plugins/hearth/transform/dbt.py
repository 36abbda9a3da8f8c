"""Run dbt once, in this process, and turn its results into facts; a skipped model counts as a failure."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hearth.dated.dated_rows import seeds_folder
from hearth.transform import candidate, failed_tests, reduction
from hearth.transform.own_models import own_models, write_models
from hearth.transform.plan import DBT_PROJECT, left_out
from hearth.warehouse.connections import warehouse_url


class DbtFailed(RuntimeError):
    """dbt did not succeed; the message lists the nodes and their errors."""


def target_folder() -> Path:
    """Where dbt writes its artefacts: HEARTH_DBT_TARGET, or a folder in the system's temporary one."""
    folder = Path(os.environ.get("HEARTH_DBT_TARGET") or Path(tempfile.gettempdir()) / f"hearth-dbt-{os.getuid()}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _project(target: Path) -> tuple[Path, str]:
    """(the project, its seed folder in force as a path within it).

    dbt writes what it compiles for a seed under the seed's own path: given an absolute path, or one that leads out
    of the project, it overwrites the seed file itself. So a folder outside of the project is copied into a project
    made of links; so are models of the company's own.
    """
    seeds, ours = seeds_folder().resolve(), DBT_PROJECT.resolve()
    if ours in seeds.parents and not own_models():
        return DBT_PROJECT, str(seeds.relative_to(ours))
    assembled = target / "project"
    shutil.rmtree(assembled, ignore_errors=True)
    assembled.mkdir(parents=True)
    for part in DBT_PROJECT.iterdir():
        if part.name not in ("seeds", "target", "logs"):
            (assembled / part.name).symlink_to(part)
    shutil.copytree(seeds, assembled / "seeds" / "active")
    write_models(assembled)
    return assembled, "seeds/active"


def _connection() -> dict[str, str]:
    """What profiles.yml reads."""
    url = urlsplit(warehouse_url("transformer"))
    return {
        "HEARTH_PG_HOST": url.hostname or "localhost",
        "HEARTH_PG_PORT": str(url.port or 5432),
        "HEARTH_PG_DATABASE": url.path.lstrip("/"),
        "HEARTH_PG_TRANSFORMER_USER": unquote(url.username or ""),
        "HEARTH_PG_TRANSFORMER_PASSWORD": unquote(url.password or ""),
    }


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Variables for dbt, for the time of one run: the next one may have other seeds or another warehouse."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _invoke(arguments: Sequence[str], target: Path, connection: dict[str, str]) -> Any:
    """dbt's own result object."""
    from dbt.cli.main import dbtRunner

    project, seeds = _project(target)
    folders = {"--project-dir": project, "--profiles-dir": project, "--target-path": target, "--log-path": target / "logs"}
    with _environment({"HEARTH_DBT_SEEDS": seeds, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **connection}):
        return dbtRunner().invoke([*arguments, *(str(part) for option in folders.items() for part in option)])


def read_manifest() -> dict[str, Any]:
    """dbt's manifest of the project, parsed anew and without a database. Raises DbtFailed."""
    with tempfile.TemporaryDirectory(prefix="hearth-manifest-") as folder:
        outcome = _invoke(["parse"], Path(folder), {})
        if not outcome.success:
            raise DbtFailed(f"dbt cannot parse the project: {outcome.exception}")
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    assert isinstance(manifest, dict)
    return manifest


def run_dbt(arguments: Sequence[str], schema_prefix: str = "", build: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """`dbt <arguments>` on Hearth's project; returns one fact sheet a node. Raises DbtFailed.

    `schema_prefix`: build in schemas so named instead, beside the real ones and with a parsed project of their own.
    `build`: what `of_build` says of the build it is run for.
    """
    target = target_folder() / schema_prefix
    outcome = _invoke(arguments, target, {**_connection(), "HEARTH_DBT_SCHEMA_PREFIX": schema_prefix, **(build or {})})
    results = [r for r in getattr(outcome.result, "results", None) or [] if hasattr(r, "node")]
    nodes = [
        {"node": r.node.unique_id, "status": str(r.status), "seconds": round(r.execution_time, 2), "message": r.message}
        for r in results
    ]
    bad = [n for n in nodes if n["status"] not in ("success", "pass", "warn", "no-op")]
    if not outcome.success or bad:
        lines = "\n".join(_said(results, bad)) or str(outcome.exception)
        raise DbtFailed(f"dbt {arguments[0]} did not succeed; nothing is published.\n{lines}")
    return nodes


def _said(results: list[Any], bad: list[dict[str, Any]]) -> list[str]:
    """The failed tests with their rows first, then what could not be computed; what was skipped after them is only counted."""
    broken = [f"- {n['node']}: {n['status']}: {n['message']}" for n in bad if n["status"] not in ("fail", "skipped")]
    skipped = sum(n["status"] == "skipped" for n in bad)
    return [*failed_tests.told(results), *broken, *([f"- {skipped} nodes after them were skipped"] if skipped else [])]


def of_build(build_id: int) -> dict[str, str]:
    """What tells dbt which build it makes, and which new feeds stay out of it, because nobody has approved their contract.

    In the environment, not in `--vars`: dbt parses the whole project anew when those differ from the run before.
    """
    return {"HEARTH_BUILD_ID": str(build_id), "HEARTH_WAITING_FEEDS": " ".join(left_out(build_id))}


def build(build_id: int, full_refresh: bool) -> list[dict[str, Any]]:
    """Seeds, models and data tests of one build, alone on the candidate marts. Raises DbtFailed, BuildRunning.

    Unit tests ask the code, not the data: they run where the code is tested.
    """
    refresh = ["--full-refresh"] if full_refresh else []
    with candidate.sole_build(build_id, "transformation"):
        candidate.note(build_id, "begun")
        arguments = ["build", "--exclude-resource-type", "unit_test", *refresh]
        nodes = run_around_reductions(arguments, full_refresh, build=of_build(build_id))
        candidate.note(build_id, "made")
    return nodes


def run_around_reductions(
    arguments: Sequence[str],
    full_refresh: bool,
    schema_prefix: str = "",
    build: Mapping[str, str] | None = None,
    selected: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """`dbt <arguments>` of all models, or of the selected ones, in two parts, the readings reduced between them: what says how they
    are read, then what goes on from their days.

    A test that looks at models of both parts runs in the second. Raises DbtFailed, and ReadingsNotMoved or EngineFailed,
    before anything is made where that can be known.
    """
    reduction.ready()
    first = [f"+{model}" for model in reduction.models_before()]
    partly = ["--indirect-selection", "cautious"]
    nodes = run_dbt([*arguments, *partly, "--select", *first], schema_prefix=schema_prefix, build=build)
    waiting = (build or {}).get("HEARTH_WAITING_FEEDS", "").split()
    nodes += reduction.reduce(full_refresh, waiting, schema_prefix)
    chosen = ["--select", *selected] if selected else []
    return nodes + run_dbt([*arguments, *partly, *chosen, "--exclude", *first], schema_prefix=schema_prefix, build=build)


def emit_lineage(build_id: int) -> dict[str, Any]:
    """OpenLineage events of the build that just ran; returns how many and where they went."""
    from hearth.transform import lineage

    project, seeds = _project(target_folder())
    with _environment({"HEARTH_DBT_SEEDS": seeds, **_connection()}):
        return lineage.emit(project, target_folder(), build_id)
