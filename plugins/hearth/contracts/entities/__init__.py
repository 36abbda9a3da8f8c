"""The canonical entities: what every feed of a kind ends as, described once.

The raw tables, the Arrow schema of the bulk load, the checks of a contract and the
documentation are all made from these declarations. Units stand in the names;
`_at` is a UTC instant, `_date` a local calendar day. Those of the company's own stand in files beside its contracts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from hearth.contracts.entities import forecast, growth, instruments, measurements, meters, network, register, service, works
from hearth.contracts.entity import Entity
from hearth.contracts.entity_file import EntityFile
from hearth.contracts.folders import feeds_folder
from hearth.contracts.yaml_file import ContractError, line_of, read_part

log = logging.getLogger(__name__)
OURS: dict[str, Entity] = {
    entity.name: entity
    for theme in (measurements, forecast, instruments, network, meters, service, works, growth, register)
    for entity in theme.ENTITIES
}


def entity_files() -> list[Path]:
    """Files of the company's own entities."""
    return sorted((feeds_folder() / "entities").glob("*.yml"))


def read_entity(path: Path) -> Entity:
    """The entity of a file. Raises ContractError with `file:line: what, why, what to do`."""
    found = read_part(EntityFile, path)
    line = line_of(path, "entity")[0]
    if found.entity != path.stem:
        raise ContractError(f"{path}:{line}: entity {found.entity!r} must be named like its file")
    if found.entity in OURS:
        raise ContractError(f"{path}:{line}: Hearth has an entity {found.entity!r} already; use it, or take another name")
    return found.definition()


@lru_cache(maxsize=64)
def _own(path: Path, _written: int) -> Entity | None:
    try:
        return read_entity(path)
    except ContractError as error:
        log.warning("%s", error)
        return None


class _Entities(Mapping[str, Entity]):
    """Ours, and those of the installation's folder as it is now. One that cannot be used is told in the log and left out."""

    def _all(self) -> dict[str, Entity]:
        own = [_own(path, path.stat().st_mtime_ns) for path in entity_files()]
        return OURS | {entity.name: entity for entity in own if entity is not None} if own else OURS

    def __getitem__(self, name: str) -> Entity:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


ENTITIES: Mapping[str, Entity] = _Entities()
