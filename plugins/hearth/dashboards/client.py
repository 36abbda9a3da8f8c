"""A Superset by its address and a login: what its REST API is asked, with its errors said in words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import requests

SECONDS = 120
PAGE = 100


class SupersetError(RuntimeError):
    """Superset could not be reached, or refused; the message says what was asked and what it answered."""


def setting(name: str, meaning: str) -> str:
    """A variable of the environment. Raises SupersetError with what it means when it is not set."""
    if not os.environ.get(name):
        raise SupersetError(f"{name} is not set; it is {meaning} (see .env.example)")
    return os.environ[name]


class Superset:
    """One session, logged in as a person who may change dashboards, roles and users."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self.session = requests.Session()
        login = {"username": user, "password": password, "provider": "db", "refresh": True}
        token = self._ask("POST", "security/login", json=login).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        csrf = self._ask("GET", "security/csrf_token/").json()["result"]
        self.session.headers.update({"X-CSRFToken": csrf, "Referer": self.url})

    @classmethod
    def from_environment(cls) -> Superset:
        """HEARTH_DASHBOARDS_URL, HEARTH_DASHBOARDS_USER, HEARTH_DASHBOARDS_PASSWORD. Raises SupersetError when one is missing."""
        return cls(
            setting("HEARTH_DASHBOARDS_URL", "the address of Superset"),
            setting("HEARTH_DASHBOARDS_USER", "the login that imports dashboards, an Admin of Superset"),
            setting("HEARTH_DASHBOARDS_PASSWORD", "the password of HEARTH_DASHBOARDS_USER"),
        )

    def get(self, path: str) -> dict[str, Any]:
        return dict(self._ask("GET", path).json())

    def content(self, path: str) -> bytes:
        return self._ask("GET", path).content

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._ask("POST", path, json=body).json())

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._ask("PUT", path, json=body).json())

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def upload(self, path: str, name: str, content: bytes, fields: Mapping[str, str]) -> None:
        self._ask("POST", path, files={name: (f"{name}.zip", content)}, data=dict(fields))

    def every(self, resource: str) -> Iterator[dict[str, Any]]:
        """All records of a resource such as `dashboard` or `security/roles`, page by page."""
        page = 0
        while True:
            rows = self.get(f"{resource}/?q=(page:{page},page_size:{PAGE})")["result"]
            yield from rows
            if len(rows) < PAGE:
                return
            page += 1

    def _ask(self, verb: str, path: str, **options: Any) -> requests.Response:
        try:
            answer = self.session.request(verb, f"{self.url}/api/v1/{quote(path, safe='/?=&(),:!')}", timeout=SECONDS, **options)
        except requests.RequestException as error:
            raise SupersetError(f"{self.url} does not answer: {error}") from error
        if answer.status_code == 401 and path == "security/login":
            raise SupersetError(f"{self.url} does not know this login; see HEARTH_DASHBOARDS_USER and HEARTH_DASHBOARDS_PASSWORD")
        if not answer.ok:
            raise SupersetError(f"{verb} {path}: {answer.status_code} {answer.text[:2000]}")
        return answer
