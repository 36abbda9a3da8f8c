"""The company's own dbt models, and the staging that follows from its entities' files.

They stand in `models/` beside its contracts, in folders by layer as ours do: staging, intermediate, marts; tests in `tests/`. A
layer's settings (schema, contract of the columns, group) are those of ours, since they come into the same project. An entity
without a staging model in that folder has one made: a row for each key, the newest version.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.contracts.entities import ENTITIES
from hearth.contracts.entity import PROVENANCE, Entity
from hearth.contracts.folders import feeds_folder

LAYERS = ("staging", "intermediate", "marts")
OWN = "own"
"""Folder within each layer's."""


class MisplacedModel(ValueError):
    """A file of the company's models that no layer takes: where it is, and where it belongs."""


def own_models() -> dict[str, bytes]:
    """Place in the project (`models/marts/own/x.sql`, `tests/own/x.sql`) -> content. Raises MisplacedModel."""
    folder, found = feeds_folder() / "models", dict[str, bytes]()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        layer, *rest = path.relative_to(folder).parts
        if layer not in (*LAYERS, "tests") or not rest:
            raise MisplacedModel(
                f"{path}: expected it in one of the folders {', '.join(LAYERS)} and tests of {folder}; move it there, since a"
                " model's layer says its schema and who may read it"
            )
        place = "tests" if layer == "tests" else f"models/{layer}"
        found["/".join([place, OWN, *rest])] = path.read_bytes()
    for entity in ENTITIES.values():
        model = f"stg_{entity.name}"
        if entity.is_own and not any(Path(place).name == f"{model}.sql" for place in found):
            found[f"models/staging/{OWN}/{model}.sql"] = staging_model(entity).encode()
            found[f"models/staging/{OWN}/_{model}.yml"] = staging_description(entity).encode()
        if entity.is_own:
            found[f"models/staging/{OWN}/_raw_{entity.name}.yml"] = source_description(entity).encode()
    return found


def staging_model(entity: Entity) -> str:
    """SQL of the view with one row for each key: the highest version, then the latest arrival."""
    own = [column.stored_name for column in entity.columns]
    provenance = [name for name, _ in PROVENANCE if name not in ("sub_position", "source_version")]
    columns = ",\n".join(f"    e.{name}" for name in (*own, *provenance))
    key = ", ".join(f"'r.{name}'" for name in entity.natural_key)
    return (
        f"-- Made of entities/{entity.name}.yml. A file of this name in models/staging takes its place.\n"
        f"select\n{columns}\nfrom {{{{ picked(source('raw', '{entity.name}'), [{key}]) }}}} as e\n"
    )


def staging_description(entity: Entity) -> str:
    """JSON, which is YAML too: what stands in a title needs no thought of quoting."""
    grain = {"unique_grain": {"arguments": {"columns": list(entity.natural_key)}}}
    told = {"name": f"stg_{entity.name}", "description": f"{entity.title} {entity.title_zh}".strip(), "data_tests": [grain]}
    return json.dumps({"models": [told]}, ensure_ascii=False, indent=1)


def source_description(entity: Entity) -> str:
    table = {"name": entity.name, "description": f"{entity.title} {entity.title_zh}".strip()}
    freshness = {"config": {"loaded_at_field": "arrived_at", "freshness": None}}
    return json.dumps({"sources": [{"name": "raw", "schema": "raw", "tables": [table | freshness]}]}, ensure_ascii=False, indent=1)


def write_models(project: Path) -> None:
    """Put them into an assembled project, whose folders are links to ours: those they come into are linked file by file, for dbt
    looks into no linked folder within another."""
    found = own_models()
    for top in {Path(place).parts[0] for place in found}:
        _link_file_by_file(project / top)
    for place, content in found.items():
        (project / place).parent.mkdir(parents=True, exist_ok=True)
        (project / place).write_bytes(content)


def _link_file_by_file(folder: Path) -> None:
    if not folder.is_symlink():
        return
    ours = folder.resolve()
    folder.unlink()
    for path in ours.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(ours)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
