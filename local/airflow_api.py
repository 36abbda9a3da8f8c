"""A small client of Airflow's REST API: what the demo needs to start runs and to wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

ACTIVE = ("queued", "running")
TOKEN_SECONDS = 1800
"""A token is asked for anew after this time; Airflow's own limit is a day."""


class AirflowError(RuntimeError):
    """Airflow refused a request; the message is its answer."""


@dataclass(frozen=True)
class Run:
    """One DAG run as the API shows it."""

    dag_id: str
    run_id: str
    state: str
    run_type: str
    triggered_by: str | None
    started_at: str | None
    ended_at: str | None

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


class Client:
    """Talks to one Airflow as its admin."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self._http = httpx.Client(base_url=address, timeout=60.0, trust_env=False)
        self._login = {"username": login, "password": password}
        self._token_until = 0.0

    def close(self) -> None:
        self._http.close()

    # DAGs

    def dags(self) -> dict[str, dict[str, Any]]:
        """Every active DAG by its id."""
        return {dag["dag_id"]: dag for dag in self._all("/api/v2/dags", "dags")}

    def can_start(self, dag_id: str) -> bool:
        """Whether Airflow has a DAG's tasks, too: it lists a DAG a moment before it can start a run of it."""
        return self._send("GET", f"/api/v2/dags/{dag_id}/details").status_code == 200

    def import_errors(self) -> list[str]:
        """What Airflow could not read in the DAGs folder."""
        found = self._all("/api/v2/importErrors", "import_errors")
        return [f"{error['filename']}: {error['stack_trace']}" for error in found]

    def set_paused(self, dag_id: str, paused: bool) -> None:
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": paused}, params={"update_mask": "is_paused"})

    def next_interval_start(self, dag_id: str) -> str | None:
        """The logical date of the run the scheduler would create next; None when its schedule has ended."""
        next_one = self._ask("GET", f"/api/v2/dags/{dag_id}").get("next_dagrun_logical_date")
        return str(next_one) if next_one else None

    # Runs

    def trigger(
        self,
        dag_id: str,
        run_id: str | None = None,
        *,
        logical_date: datetime | None = None,
        interval: tuple[datetime, datetime] | None = None,
        note: str | None = None,
        conf: dict[str, Any] | None = None,
    ) -> Run:
        """Start a run. The interval counts only together with a logical date; Airflow ignores it otherwise."""
        body: dict[str, Any] = {"logical_date": logical_date.isoformat() if logical_date else None}
        if run_id:
            body["dag_run_id"] = run_id
        if interval:
            body["data_interval_start"], body["data_interval_end"] = (moment.isoformat() for moment in interval)
            # As a scheduled run would have it; Airflow takes waiting runs in this order, so older intervals go first.
            body["run_after"] = interval[1].isoformat()
        if note:
            body["note"] = note
        if conf:
            body["conf"] = conf
        return _run(self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body))

    def run(self, dag_id: str, run_id: str) -> Run | None:
        """The run, or None when there is none of this name."""
        answer = self._send("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return None if answer.status_code == 404 else _run(_checked(answer))

    def runs(self, dag_id: str = "~", **filters: Any) -> list[Run]:
        """Runs of a DAG, or of all; filters are those of the API, such as `state` or `run_type`."""
        return [_run(run) for run in self._all(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", **filters)]

    def retry(self, dag_id: str, run_id: str) -> None:
        """Run the failed tasks of a run again."""
        body = {"dry_run": False, "only_failed": True}
        self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear", json=body)

    def events_waiting(self, dag_id: str) -> bool:
        """Whether asset events wait to start this DAG."""
        answer = self._send("GET", f"/api/v2/dags/{dag_id}/assets/queuedEvents")
        return answer.status_code != 404 and bool(_checked(answer)["total_entries"])

    def failures(self, dag_id: str, run_id: str) -> list[str]:
        """The failed tasks of a run with the errors in their logs, for a person to read."""
        tasks = self._all(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")
        return [
            "\n".join([f"{dag_id} / {run_id} / {task['task_id']} failed:", *self._errors(dag_id, run_id, task)])
            for task in tasks
            if task["state"] == "failed"
        ]

    def _errors(self, dag_id: str, run_id: str, task: dict[str, Any], lines: int = 30) -> list[str]:
        """Errors of a task's last try; the end of its log where it died without one."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task['task_id']}/logs/{max(task['try_number'], 1)}"
        answer = self._send("GET", path, params={"full_content": "true"}, headers={"Accept": "application/json"})
        if answer.status_code != 200:
            return [f"(no log: {answer.status_code})"]
        entries = [entry for entry in answer.json().get("content", []) if isinstance(entry, dict)]
        told: list[str] = []
        for entry in entries:
            if entry.get("level") in ("error", "critical"):
                told += str(entry.get("event", "")).splitlines()
            for error in entry.get("error_detail") or []:
                told += f"{error.get('exc_type')}: {error.get('exc_value')}".splitlines()
        return told[:lines] or [str(entry.get("event", entry)) for entry in entries[-lines:]]

    # How it is done

    def _all(self, path: str, key: str, **filters: Any) -> list[dict[str, Any]]:
        """Every item of a paged list."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self._ask("GET", path, params={"limit": 100, "offset": len(found), **filters})
            found += answer[key]
            if not answer[key] or len(found) >= answer["total_entries"]:
                return found

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        return _checked(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        if time.monotonic() > self._token_until:
            token = _checked(self._http.post("/auth/token", json=self._login))["access_token"]
            self._http.headers["Authorization"] = f"Bearer {token}"
            self._token_until = time.monotonic() + TOKEN_SECONDS
        for attempt in range(5):
            try:
                answer = self._http.request(method, path, **options)
                if answer.status_code < 500 or attempt == 4:
                    return answer
            except httpx.TransportError:
                if attempt == 4 or method == "POST":
                    raise
            time.sleep(1.0)
        raise AssertionError("unreachable")


def _checked(answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        raise AirflowError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
    return answer.json() if answer.content else None


def _run(data: dict[str, Any]) -> Run:
    return Run(
        data["dag_id"], data["dag_run_id"], data["state"], data["run_type"], data.get("triggered_by"),
        data.get("start_date"), data.get("end_date"),
    )  # fmt: skip


def wait_for(condition: Callable[[], bool], seconds: float, what: str, every: float = 1.0) -> None:
    """Ask again and again until it is true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AirflowError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)
