"""What the values of one source column say about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hearth.cleaning.columns import FALSE_WORDS, TRUE_WORDS, normalise
from hearth.cleaning.personal_text import is_suspicious
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.contracts.contract import Mapping
from hearth.contracts.entity import Column
from hearth.drafting.names import known_names
from hearth.drafting.times import Times, times_of

DISTINCT = 2000
NOBODY = Pseudonyms("nothing is kept of a draft")
_NINES = re.compile(r"-?9{2,}(?:\.9*)?0*|-?9{2,}\.0+")
_COMMA = re.compile(r"[-+]?(?:\d+,\d+|\d{1,3}(?:,\d{3})+\.\d+)")
DEFAULT_EMPTY = frozenset(Mapping.model_validate({"from": "a"}).empty)


@dataclass
class Facts:
    """One source column of a sample."""

    name: str
    values: list[Any]
    is_workbook: bool = False

    @cached_property
    def given(self) -> Counter[Any]:
        """Values that are there, with how many rows have them; lists and objects as their kind alone."""
        counted = Counter(type(v) if isinstance(v, (list, dict)) else v for v in self.values if v is not None)
        return Counter({v: n for v, n in counted.items() if not (isinstance(v, str) and self._is_empty(v))})

    @cached_property
    def empty_words(self) -> list[str]:
        """Texts that say nothing was given, other than those every contract knows."""
        texts = {v.strip() for v in self.values if isinstance(v, str)}
        return sorted(text for text in texts if self._is_empty(text) and text not in DEFAULT_EMPTY)

    def _is_empty(self, text: str) -> bool:
        return text.strip() in DEFAULT_EMPTY or text.strip() in known_names().empty

    @property
    def filled(self) -> int:
        return self.given.total()

    @property
    def holds_lists(self) -> bool:
        return list in self.given

    @property
    def holds_objects(self) -> bool:
        return dict in self.given

    @cached_property
    def numbers(self) -> dict[float, int]:
        """Values that are numbers, those in lists too, with how often they come."""
        found = Counter[float]()
        inner = Counter(v for values in self.values if isinstance(values, list) for v in values if not isinstance(v, (list, dict)))
        for value, times in [*self.given.items(), *inner.items()]:
            number = _number(value)
            if number is not None:
                found[number] += times
        return found

    @property
    def number_share(self) -> float:
        return sum(self.numbers.values()) / self.filled if self.filled else 0.0

    @cached_property
    def words(self) -> dict[str, int]:
        """Texts that are no numbers."""
        return {str(v): n for v, n in self.given.items() if isinstance(v, str) and _number(v) is None}

    @property
    def commas(self) -> int:
        """Rows with numbers as 20,5 or 1,234.5."""
        return sum(rows for word, rows in self.words.items() if _COMMA.fullmatch(normalise(word)))

    @property
    def has_decimal_comma(self) -> bool:
        """Whether 20,5 is how numbers are written here: no text has a point as well, and no number is written with one."""
        points = any("." in str(value) for value in self.given if isinstance(value, str))
        return bool(self.commas) and not points

    @cached_property
    def times(self) -> Times:
        return times_of([v for v, _ in self.given.most_common(DISTINCT) if not isinstance(v, type)], self.is_workbook)

    @property
    def looks_personal(self) -> bool:
        return is_suspicious([v for v, _ in self.given.most_common(DISTINCT)], NOBODY)

    @cached_property
    def error_codes(self) -> list[float]:
        """Numbers known for "no value" that stand far from all others of the column."""
        suspects = {n for n in self.numbers if n in known_names().error_codes or _NINES.fullmatch(f"{n:g}")}
        others = np.array([n for n in self.numbers if n not in suspects])
        if not suspects or not len(others):
            return []
        span = max(1.0, float(others.max() - others.min()))
        low, high = others.min() - span, others.max() + span
        return sorted(n for n in suspects if n < low or n > high)

    def fits(self, column: Column) -> bool:
        """Whether the values could be the column's: an empty column fits every one."""
        if not self.filled:
            return True
        if self.holds_objects or (self.holds_lists and column.kind != "number"):
            return False
        if column.kind in ("instant", "date"):
            return self.times.share >= 0.6 and not self.times.is_clock
        if column.kind in ("number", "integer"):
            is_year = column.name.startswith("year_") and self.times.share >= 0.6 and not self.times.is_clock
            return self.holds_lists or self.number_share + self.commas / self.filled >= 0.5 or is_year
        if column.kind == "flag":
            return all(normalise(v).lower() in TRUE_WORDS | FALSE_WORDS for v in self.given)
        return not (column.choices and len(self.given) > 60)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(normalise(value)) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None
