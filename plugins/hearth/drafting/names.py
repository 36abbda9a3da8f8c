"""The table of known names, and how close a source's name is to one of them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from hearth.contracts.entity import Column, Entity
from hearth.contracts.units import CONVERSIONS

EXACT = 0.95
"""A name this close is no guess."""
LEAST = 0.6
PLACES = ("building_id", "community_id", "community_name", "station_id", "station_name", "branch_id", "branch_name", "plant_id")
_UNIT = re.compile(r"[(\[【（](?P<unit>[^()\[\]【】（）]*)[)\]】）]\s*$")
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class KnownNames:
    """`columns`: canonical column (or `entity.column`): names; `choices`: likewise, word: what sources write."""

    columns: dict[str, list[str]]
    choices: dict[str, dict[str, list[str]]]
    units: dict[str, frozenset[str]]
    empty: frozenset[str]
    error_codes: frozenset[float]

    def of(self, entity: Entity, column: str) -> list[str]:
        return self.columns.get(f"{entity.name}.{column}") or self.columns.get(column) or []

    def words(self, entity: Entity, column: Column) -> dict[str, str]:
        """Text of a source: canonical word of the column's choices."""
        written = self.choices.get(f"{entity.name}.{column.name}") or self.choices.get(column.name) or {}
        found = {word.lower(): choice for choice, words in written.items() for word in words}
        return found | {choice.lower(): choice for choice in column.choices}


@lru_cache(maxsize=1)
def known_names() -> KnownNames:
    """The table beside this module."""
    given = yaml.load(Path(__file__).with_name("known_names.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    units = {str(unit): frozenset(_fold(name) for name in names) for unit, names in given["units"].items()}
    return KnownNames(
        given["columns"], given["choices"], units, frozenset(given["empty"]), frozenset(map(float, given["error_codes"]))
    )


def closeness(entity: Entity, column: str, source: str) -> float:
    """1 for a known name, less for one that holds or resembles it, 0 for a stranger."""
    known = [plain(name) for name in (column, *known_names().of(entity, column))]
    parts = [plain(source), *(plain(part) for part in source.split(" / ")[-1:] if " / " in source)]
    return max((_closeness(known, part) - 0.02 * nth for nth, part in enumerate(parts) if part), default=0.0)


def _closeness(known: list[str], source: str) -> float:
    if source in known:
        return 1.0 - 0.02 * known.index(source) / len(known)
    held = [name for name in known if name in source and len(name) >= (max(4, 0.45 * len(source)) if name.isascii() else 2)]
    if held:
        return 0.6 + 0.3 * max(map(len, held)) / len(source)
    best = max((difflib.SequenceMatcher(None, name, source).ratio() for name in known), default=0.0)
    return 0.7 * best if best >= 0.86 else 0.0


def names_place(source: str) -> bool:
    """Whether a column is called like a place or a part of the company in which things are numbered."""
    known = [plain(name) for place in PLACES for name in (place, *known_names().columns.get(place, []))]
    return _closeness(known, plain(source)) >= LEAST


def plain(name: str) -> str:
    """A name without its unit, case, spaces and punctuation."""
    folded = _fold(name)
    words = re.split(r"[\s_]+", _UNIT.sub("", folded).strip())
    if len(words) > 1 and any(words[-1] in names for names in known_names().units.values()):
        del words[-1]
    return _SIGNS.sub("", "".join(words)) or _SIGNS.sub("", folded)


def unit_of(source: str, stored: str) -> str | None:
    """The unit a name says, of those that become the stored one: in brackets, or as the last word (`Temp F`, `temp_f`)."""
    texts = list(reversed(source.split(" / ")))
    for text in texts:
        found = _UNIT.search(_fold(text))
        said = [found["unit"].strip()] if found else []
        said += [word for word in re.split(r"[\s_,，:：]+", _fold(text))[1:] if word]
        for unit in CONVERSIONS[stored]:
            if any(word in known_names().units.get(unit, frozenset({unit.lower()})) for word in said):
                return unit
    return None


def says_other_unit(source: str, stored: str | None) -> bool:
    """Whether a name has a unit in brackets that cannot become the stored one."""
    found = _UNIT.search(_fold(source)) or next(filter(None, (_UNIT.search(_fold(part)) for part in source.split(" / "))), None)
    if found is None:
        return False
    said = found["unit"].strip()
    named = {unit for unit, names in known_names().units.items() if said in names}
    return bool(named) and not named & set(CONVERSIONS.get(stored or "", {}))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", str(text)).strip().lower()
