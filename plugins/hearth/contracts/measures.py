"""A line for each measure of a thing at a time: the lines of one key are one row, with a column for each measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Named

from pydantic import Field

from hearth.contracts.entity import Entity
from hearth.contracts.mapping import Mapping
from hearth.contracts.part import Part

ALL_OTHERS = "*"


class Measures(Part):
    """Lines of one measure each. In `columns`, `from` may be the name of a measure; lines that are alike in all other columns the
    contract reads are one row."""

    name: str = Field(description="source column that names the measure")
    value: str = Field(description="source column with its value")
    columns: list[str] = Field(min_length=1, description="measures that become columns of the row, mapped like any other column")
    ignore: list[str] = Field(default_factory=list, description="measures known and not loaded; '*' for all others")

    def names(self, mappings: Named[str, Mapping]) -> dict[str, str]:
        """Each name of a measure in the file -> the first of its names."""
        first = [m for m in mappings.values() if m.from_ in self.columns]
        return {name: str(m.from_) for m in first for name in (str(m.from_), *m.or_from)}


def refuse_half_measures(measures: Measures, mappings: Named[str, Mapping], entity: Entity, elsewhere: list[str]) -> None:
    """Raises ValueError where a measure is not used, or used where a line has none yet. `elsewhere`: source columns that are read
    beside `columns`."""
    of_measures = {name: mapping for name, mapping in mappings.items() if mapping.from_ in measures.columns}
    given = [*measures.columns, *(name for m in {m.from_: m for m in of_measures.values()}.values() for name in m.or_from)]
    if twice := sorted(name for name, number in Counter([*given, *measures.ignore]).items() if number > 1):
        raise ValueError(f"measures: {', '.join(twice)} stand(s) there twice")
    if unused := sorted(set(measures.columns) - {str(m.from_) for m in of_measures.values()}):
        raise ValueError(f"measures: no column comes from {', '.join(unused)}; map what is needed, ignore the others")
    beside = [name for m in mappings.values() for name in m.read_beside]
    if wrong := sorted(set(given) & {measures.name, measures.value, *beside, *elsewhere}):
        raise ValueError(f"measures: {', '.join(wrong)} is read as a column of the file too; a measure is one of `columns` alone")
    if raw := sorted({measures.name, measures.value} & {name for m in mappings.values() for name in (m.from_, *m.read_beside)}):
        raise ValueError(f"measures: {', '.join(map(str, raw))} says another thing in each line; map the measures by their names")
    if keys := [name for name in of_measures if name in entity.natural_key]:
        raise ValueError(f"measures: {', '.join(keys)} is of the key, which tells the lines that belong together")
    if personal := [name for name in of_measures if entity.columns_by_name[name].personal]:
        raise ValueError(f"measures: {', '.join(personal)} is personal; such a value needs a column of its own, to be hashed")
    keyed = {mappings[name].from_ for name in entity.natural_key if name in mappings}
    if apart := [name for name, mapping in of_measures.items() if mapping.unit_from and mapping.unit_from not in keyed]:
        raise ValueError(f"measures: {', '.join(apart)}: a column of units sets lines of one row apart; say each one's unit")
    if any(mapping.doubled_hour == "in_order" for mapping in mappings.values()):
        raise ValueError("measures: doubled_hour: in_order tells rows apart by their order, and lines of one row have any order")
