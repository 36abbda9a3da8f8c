"""Numbers that should name one thing each and are unique only within a column nobody maps: 12 of one estate, 12 of another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from hearth.contracts.contract import Contract
from hearth.contracts.entity import Entity
from hearth.drafting.columns import Facts
from hearth.drafting.looking import look_at
from hearth.drafting.names import names_place
from hearth.drafting.sample import NotASample, Sample

GIVEN, MOST = 0.9, 0.5
_NO_WORD = re.compile(r"[\d\W年月日时分秒TZ]*")


def identifiers(entity: Entity) -> list[str]:
    """Columns of the key that name the thing."""
    return [name for name in entity.natural_key if (c := entity.columns_by_name.get(name)) is not None and c.is_identifier]


def shared_ids(sample: Sample, what: str, key: list[str], unmapped: list[str]) -> Iterator[str]:
    """What is to be asked of each unmapped column. `key`: the source columns that are to name the thing, called `what`.

    A column that is called like a place is asked about at the first number that stands under two of its values; any other
    where most do, if it holds words that come again and are nearly always there: neither a remark, a measure nor a time.
    """
    numbers = [" / ".join(parts) for parts in zip(*(_texts(sample, name) for name in key), strict=True)]
    for name in unmapped:
        values = _texts(sample, name)
        under: dict[str, set[str]] = defaultdict(set)
        for number, value in zip(numbers, values, strict=True):
            if number and value:
                under[number].add(value)
        several = [number for number, found in under.items() if len(found) > 1]
        if several and (names_place(name) or (len(several) >= MOST * len(under) and _come_again(values))):
            yield _told(what, name, under, several)


def shared_by(contract: Contract, path: Path) -> list[str]:
    """The same of a contract and a sample of it."""
    mapped = [contract.columns.get(name) for name in identifiers(contract.entity_definition)]
    key = [mapping.from_ for mapping in mapped if mapping is not None and mapping.from_]
    try:
        sample = look_at(path)
    except NotASample:
        return []
    if not key or contract.unnest or not {*key} <= {*sample.columns}:
        return []
    unmapped = [name for name in sample.columns if name not in contract.source_columns]
    return list(shared_ids(sample, ", ".join(identifiers(contract.entity_definition)), key, unmapped))


def _texts(sample: Sample, column: str) -> list[str]:
    return ["" if value is None or isinstance(value, (list, dict)) else str(value).strip() for value in sample.values(column)]


def _come_again(values: list[str]) -> bool:
    given = [value for value in values if value]
    words = set(given)
    return (
        len(given) >= GIVEN * len(values)
        and len(words) <= len(given) / 2
        and not any(_NO_WORD.fullmatch(word) for word in words)
        and not Facts("", list(words)).looks_personal
    )


def _told(what: str, column: str, under: dict[str, set[str]], several: list[str]) -> str:
    most = max(several, key=lambda number: (len(under[number]), number))
    example = "" if Facts("", [most]).looks_personal else f" ({most} under {len(under[most])})"
    return (
        f"{len(several)} of {len(under)} values of {what} stand under 2 or more values of {column!r}{example}: if a number is"
        " unique only within it, different things become one; ask the sender for a number that is unique by itself"
    )
