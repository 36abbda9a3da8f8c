"""The catalogue of DAGs: what each one does, when, for whom, and what to do when it is red; made from the DAGs themselves."""

from __future__ import annotations

import atexit
import inspect
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "dag-catalogue.md"
INTRO = """# DAG catalogue

Every DAG with its schedule, owner, tasks and the assets it writes. Made from the DAGs' own documentation by `hearth catalogue`;
change that, not this page. By symptom: [runbook.md](runbook.md)."""

FEEDS = """One DAG for each contract of `feeds/`, all alike: `pull_and_land` → `clean_validate_load`. Running an interval again
replaces it. How to trigger one and what red means stands in the DAG's own documentation in Airflow."""


def read_dags(folder: Path) -> dict[str, Any]:
    """Every DAG of a folder by its id, read without any database. Raises RuntimeError naming files that cannot be read."""
    if "AIRFLOW_HOME" not in os.environ:  # Airflow wants a folder of its own; nobody needs it afterwards
        os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="hearth-airflow-")
        atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
    os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(folder.parent / "plugins"))  # the season's timetable
    import airflow.sdk  # noqa: F401  (first: the DAG files import nothing else of Airflow)
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder))
    if bag.import_errors:
        raise RuntimeError("\n".join(f"{path}: {error}" for path, error in bag.import_errors.items()))
    return dict(bag.dags)


def render(dags: Mapping[str, Any]) -> str:
    """The page in Markdown: a table of the feeds, which differ by their contract alone, then each other DAG."""
    feeds = [dag for name, dag in sorted(dags.items()) if "feed" in dag.tags]
    others = [dag for name, dag in sorted(dags.items()) if "feed" not in dag.tags]
    rows = [f"| `{dag.dag_id}` | {_first_words(dag)} | {_schedule(dag)} | {_owners(dag)} | {_assets(dag)} |" for dag in feeds]
    table = ["| DAG | what | schedule | owner | writes |", "|---|---|---|---|---|", *rows]
    return "\n\n".join([INTRO, *map(_section, others), "## Feeds", FEEDS, "\n".join(table)]) + "\n"


def _section(dag: Any) -> str:
    facts = {
        "Schedule": _schedule(dag),
        "Owner": _owners(dag),
        "Tasks": " → ".join(task.task_id for task in dag.topological_sort()),
        "Writes": _assets(dag),
    }
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join([f"## {dag.dag_id}", "", inspect.cleandoc(dag.doc_md), "", *lines])


def _first_words(dag: Any) -> str:
    return inspect.cleandoc(dag.doc_md).split("\n\n")[0].split(" Owner: ")[0].replace("\n", " ")


def _schedule(dag: Any) -> str:
    """As the scheduler sees it, after serialisation."""
    from airflow.serialization.serialized_objects import DagSerialization

    return str(DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable.summary)


def _owners(dag: Any) -> str:
    return ", ".join(sorted({task.owner for task in dag.tasks}))


def _assets(dag: Any) -> str:
    return (
        ", ".join(sorted({f"`{getattr(outlet, 'uri', outlet.name)}`" for task in dag.tasks for outlet in task.outlets})) or "pages"
    )
