"""The canonical entities: what every feed of a kind ends as, described once.

The raw tables, the Arrow schema of the bulk load, the checks of a contract and the
documentation are all made from these declarations. Units stand in the names;
`_at` is a UTC instant, `_date` a local calendar day.
"""

from __future__ import annotations

from hearth.contracts.entities import forecast, growth, instruments, measurements, network, register, service, works
from hearth.contracts.entity import Entity

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for theme in (measurements, forecast, instruments, network, service, works, growth, register)
    for entity in theme.ENTITIES
}
