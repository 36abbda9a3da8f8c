"""The folder of one instance: where everything lies, its generated secrets, its ports, its environment.

The same class serves the demo, the tests and the run on real data; they differ in folder, feeds, seeds and connections.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.postgres import HOST, LARGE, Server, free_port
from local.processes import Supervisor

REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_HOME = REPOSITORY / "build" / "demo"

ROLES = ("loader", "transformer", "publisher", "keeper", "desk", "sender", "reader", "dashboards", "auditor", "engineer")
"""Least-privilege roles of the warehouse, as in hearth.warehouse.roles."""

PREFERRED_PORTS = {"postgres": 54320, "airflow": 8080, "pages": 8081, "city_http": 8082, "dashboards": 8088, "city_sftp": 8022}
SECRET_NAMES = (
    *(f"role_{role}" for role in ROLES),
    "role_airflow",
    "role_city_reader",
    "pseudonym_key",
    "city_token",
    "airflow_admin",
    "airflow_viewer",
    "airflow_branch_01",
    "airflow_engineer",
    "airflow_auditor",
    "airflow_secret_key",
    "airflow_jwt",
    "superset_secret_key",
    "branch_key",
    "superset_admin",
    "dashboards_director",
    "dashboards_branch_01",
)
READ_BY_PEOPLE = (
    "airflow_admin",
    "airflow_viewer",
    "airflow_branch_01",
    "airflow_engineer",
    "airflow_auditor",
    "superset_admin",
    "dashboards_director",
    "dashboards_branch_01",
)
"""Passwords a person types; shorter than the others."""


@dataclass
class Instance:
    """One instance in one folder. `extra` are further variables of its environment."""

    home: Path = DEFAULT_HOME
    feeds: Path = REPOSITORY / "feeds"
    seeds: Path = REPOSITORY / "dbt_project" / "seeds" / "changchun"
    settings: Mapping[str, str] = field(default_factory=lambda: dict(LARGE))
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = Path(self.home).absolute()
        self._state: dict[str, Any] = self._read_state()
        self.supervisor = Supervisor(self.home)
        self.server = Server(self.home / "pg", port=PREFERRED_PORTS["postgres"], settings=self.settings)

    # Folders

    @property
    def exists(self) -> bool:
        return (self.home / "instance.json").exists()

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def city(self) -> Path:
        return self.home / "city"

    @property
    def pages(self) -> Path:
        return self.home / "pages"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"

    def prepare(self) -> None:
        """Make the folders and the secrets that are missing."""
        self.home.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.home.chmod(0o711)  # PostgreSQL runs as another user and must pass through; nothing here is readable
        for folder in (self.landing, self.lake, self.city, self.airflow_home, self.logs, self.home / "run", self.home / "keys"):
            folder.mkdir(exist_ok=True, mode=0o700)
        self.pages.mkdir(exist_ok=True)
        known = self._state.setdefault("secrets", {})
        for name in SECRET_NAMES:
            known.setdefault(name, secrets.token_urlsafe(12 if name in READ_BY_PEOPLE else 24))
        known.setdefault("airflow_fernet", _fernet_key())
        self._make_keys()
        self.save()

    # Facts kept between processes

    def secret(self, name: str) -> str:
        return str(self._state["secrets"][name])

    def fact(self, name: str, default: Any = None) -> Any:
        """Something remembered about this instance, such as the scale of its city."""
        return self._state.get("facts", {}).get(name, default)

    def remember(self, **facts: Any) -> None:
        self._state.setdefault("facts", {}).update(facts)
        self.save()

    def port(self, service: str) -> int:
        return int(self._state["ports"][service])

    def has_port(self, service: str) -> bool:
        return service in self._state.get("ports", {})

    def choose_port(self, service: str) -> int:
        """The service's port of last time when it is free, else its preferred one, else any; remembered."""
        ports = self._state.setdefault("ports", {})
        taken = {port for name, port in ports.items() if name != service}
        wanted = [port for port in (ports.get(service), PREFERRED_PORTS.get(service)) if port not in (None, *taken)]
        chosen = next((port for port in wanted if free_port(port) == port), 0) or free_port()
        ports[service] = chosen
        self.save()
        return int(chosen)

    def save(self) -> None:
        _write_private(self.home / "instance.json", json.dumps(self._state, indent=1))

    def _read_state(self) -> dict[str, Any]:
        try:
            state = json.loads((self.home / "instance.json").read_text())
            return state if isinstance(state, dict) else {}
        except (OSError, ValueError):
            return {}

    # Addresses

    def warehouse_url(self, role: str = "owner") -> str:
        if role == "owner":
            return self.server.url("warehouse")
        return self.server.url("warehouse", f"hearth_{role}", self.secret(f"role_{role}"))

    @property
    def address(self) -> dict[str, str]:
        """Addresses of what can be opened in a browser, of the services that have a port."""
        known = self._state.get("ports", {})
        return {name: f"http://{HOST}:{known[name]}" for name in ("airflow", "pages", "dashboards") if name in known}

    # Keys of the simulated file server

    @property
    def host_key(self) -> Path:
        return self.home / "keys" / "sftp_host_key"

    @property
    def client_key(self) -> Path:
        return self.home / "keys" / "sftp_client_key"

    @property
    def token_file(self) -> Path:
        return self.home / "keys" / "http_token"

    def _make_keys(self) -> None:
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        for path in (self.host_key, self.client_key):
            if path.exists() and path.with_suffix(".pub").exists():
                continue
            key = Ed25519PrivateKey.generate()
            private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
            public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
            _write_private(path, private.decode())
            path.with_suffix(".pub").write_bytes(public + b"\n")
        _write_private(self.token_file, self.secret("city_token"))

    # Environment

    def environment(self) -> dict[str, str]:
        """Variables of the pipeline (see .env.example); PostgreSQL must have been started once."""
        variables = {
            "HEARTH_HOME": str(self.home),
            "HEARTH_LANDING": str(self.landing),
            "HEARTH_LAKE": str(self.lake),
            "HEARTH_FEEDS": str(self.feeds),
            "HEARTH_SEEDS": str(self.seeds),
            "HEARTH_PAGES": str(self.pages),
            "HEARTH_DBT_TARGET": str(self.home / "dbt"),
            "HEARTH_PSEUDONYM_KEY": self.secret("pseudonym_key"),
            "HEARTH_DASHBOARDS_BRANCH_KEY": self.secret("branch_key"),
            "PYTHONPATH": str(REPOSITORY / "plugins"),
            # No word about our runs leaves the machine.
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "GX_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        for role in ("owner", *ROLES):
            variables[f"HEARTH_WAREHOUSE_URL_{role.upper()}"] = self.warehouse_url(role)
        if "pages" in self.address:
            variables["HEARTH_PAGES_URL"] = self.address["pages"]
        for role in ROLES:
            variables[f"AIRFLOW_CONN_HEARTH_WAREHOUSE_{role.upper()}"] = self.warehouse_url(role)
        return {**variables, **self.extra}

    def write_environment(self, variables: Mapping[str, str]) -> Path:
        """Write instance.env, to be read by a shell: `set -a; . instance.env`."""
        target = self.home / "instance.env"
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
        _write_private(target, "".join(lines))
        return target

    def sql_connection(self, database: str, login: str, password: str) -> str:
        """An Airflow connection of type postgres, as JSON."""
        return json.dumps(
            {"conn_type": "postgres", "host": HOST, "port": self.server.port, "schema": database,
             "login": login, "password": password}
        )  # fmt: skip

    def http_connection(self, port: int) -> str:
        """An Airflow connection of type http; the password is the bearer token."""
        return json.dumps(
            {"conn_type": "http", "host": HOST, "port": port, "schema": "http", "password": self.secret("city_token")}
        )

    def sftp_connection(self, port: int) -> str:
        """An Airflow connection of type sftp: our key logs in, and the server's key is checked."""
        host_key = " ".join(self.host_key.with_suffix(".pub").read_text().split()[:2])
        extra = {"key_file": str(self.client_key), "host_key": host_key, "no_host_key_check": "false"}
        return json.dumps({"conn_type": "sftp", "host": HOST, "port": port, "login": "hearth", "extra": extra})


def process_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Our variables on top of what any program needs; settings of another Airflow or Hearth are left out."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HEARTH_", "DBT_", "PG", "PYTHONPATH"))
    }
    return {**kept, "PYTHONUNBUFFERED": "1", **variables}


def _fernet_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _write_private(path: Path, text: str) -> None:
    """Write a file only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(path)
