"""The folder dashboards/: which files it holds, what stands in them for a place, and the bundle made of them for a Superset."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from hearth.contracts.loading import REPOSITORY
from hearth.dashboards import canonical

FOLDER = REPOSITORY / "dashboards"
KINDS = ("databases", "datasets", "charts", "dashboards")
METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
ADDRESS = "postgresql+psycopg2://hearth_dashboards@warehouse/warehouse"
"""Stands in the files for the warehouse; the real one comes from HEARTH_WAREHOUSE_URL_DASHBOARDS."""


@dataclass(frozen=True)
class Place:
    """What differs between two installations: the warehouse, and the pages that charts link to."""

    warehouse: str
    """URL of the dashboards role, with password."""
    pages: str

    @property
    def password(self) -> str:
        return urlsplit(self.warehouse).password or ""

    @property
    def address(self) -> str:
        """SQLAlchemy's URL without the password, which travels apart."""
        url = urlsplit(self.warehouse)
        where = f"{url.hostname}:{url.port}" if url.port else str(url.hostname)
        return urlunsplit(("postgresql+psycopg2", f"{url.username}:XXXXXXXXXX@{where}", url.path, "", ""))

    def link(self, text: str) -> str:
        """`](docs/kpi-catalogue.md#...)` and `](pages/...)` become addresses of this place."""
        text = re.sub(r"\]\(docs/([\w.-]+)\.md", rf"]({self.pages}/docs/\1.html", text)
        return text.replace("](pages/", f"]({self.pages}/")

    def unlink(self, text: str) -> str:
        text = re.sub(re.escape(f"]({self.pages}/docs/") + r"([\w.-]+)\.html", r"](docs/\1.md", text)
        return text.replace(f"]({self.pages}/", "](pages/")


def read(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Path below the folder -> content of every file that is for a Superset."""
    paths = [path for kind in KINDS for path in sorted((folder / kind).rglob("*.yaml"))]
    return {path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


def bundle(files: Mapping[str, Mapping[str, Any]], place: Place) -> bytes:
    """A ZIP file as Superset's own export makes one, with nothing left out and the links of this place."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("hearth/metadata.yaml", yaml.safe_dump(METADATA))
        for path, content in files.items():
            kind = path.split("/")[0]
            full = _on_texts(canonical.whole(kind, content), place.link)
            if kind == "databases":
                full["sqlalchemy_uri"] = place.address
            archive.writestr(f"hearth/{path}", yaml.safe_dump(full, allow_unicode=True, sort_keys=False))
    return buffer.getvalue()


def unbundle(archive: bytes, place: Place, known: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Path -> canonical content of what a Superset exported. A thing that is known by its uuid keeps its file's name."""
    names = {content["uuid"]: path for path, content in known.items()}
    found: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as exported:
        for name in exported.namelist():
            path = name.split("/", 1)[1]
            kind = path.split("/")[0]
            if kind not in KINDS:
                continue
            content = _on_texts(yaml.safe_load(exported.read(name)), place.unlink)
            if kind == "databases":
                content["sqlalchemy_uri"] = ADDRESS
            found[names.get(content["uuid"]) or _new_name(kind, content, set(names.values()) | set(found))] = canonical.tidy(
                kind, content
            )
    return dict(sorted(found.items()))


def write(files: Mapping[str, Mapping[str, Any]], folder: Path = FOLDER) -> list[str]:
    """Write the files that differ; returns their paths."""
    written = []
    for path, content in files.items():
        text, target = canonical.write(content), folder / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Paths of ours that are missing there or say something else."""
    return [path for path, content in mine.items() if theirs.get(path) != content]


def _on_texts(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: _on_texts(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_on_texts(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def _new_name(kind: str, content: Mapping[str, Any], taken: Iterable[str]) -> str:
    title = content.get("slug") or content.get("table_name") or content.get("slice_name") or content.get("dashboard_title") or ""
    word = re.sub(r"[^a-z0-9]+", "_", str(title).lower()).strip("_") or str(content["uuid"])[:8]
    stem = f"datasets/hearth/{word}" if kind == "datasets" else f"{kind}/{word}"
    return next(name for name in (f"{stem}.yaml", f"{stem}_{str(content['uuid'])[:8]}.yaml") if name not in taken)
