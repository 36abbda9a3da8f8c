"""What an engine is: the words it writes differently, and texts run on the files of readings."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from hearth.contracts.entity import Entity
from hearth.lake.catalogue import ReadingFile


class Words(Protocol):
    """SQL that two engines write differently; all of it gives the same on both."""

    def instant(self, at: datetime) -> str:
        """An instant as a literal."""

    def instant_of_us(self, microseconds: str) -> str:
        """The instant so many microseconds after 1970."""

    def epoch_us(self, instant: str) -> str:
        """Its microseconds since 1970, a whole number."""

    def local_date(self, instant: str, zone: ZoneInfo) -> str:
        """The day of an instant at the place."""

    def whole_division(self, of: str, by: str) -> str:
        """Of whole numbers, towards zero."""

    def nearest(self, number: str) -> str:
        """The nearest whole number of a double, half to even."""


@dataclass(frozen=True)
class Work:
    """One text, in the words of the engine that is to run it, and what it reads."""

    name: str
    text: str
    entity: Entity
    files: tuple[ReadingFile, ...]
    """The current rows of the entity, which the text sees under the entity's name;"""
    given: Mapping[str, pa.Table] = field(default_factory=dict)
    """small tables it sees beside them."""
    readings: int = 0
    """About how many readings it reduces."""


class Engine(Protocol):
    @property
    def words(self) -> Words: ...

    def run(self, works: Sequence[Work]) -> Generator[pa.RecordBatchReader, None, None]:
        """The rows of each text, in this order; to be read before the next are asked for. Raises EngineFailed."""
