"""Personal values leave the cleaning only as keyed hashes; the values go to the restricted schema.

HMAC-SHA256 with HEARTH_PSEUDONYM_KEY: equal values give equal hashes, and nobody without the key can
test a guess (telephone numbers are few enough to try them all).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from functools import cached_property

import pandas as pd

from hearth.cleaning.columns import TEXT


class Pseudonyms:
    """Hashes personal values and remembers what they stood for, until a load stores them."""

    def __init__(self, key: str | None = None, known_names: Callable[[], frozenset[str]] = frozenset) -> None:
        """`known_names`: asked once, when a text may hold one, for the names of people that were ever delivered."""
        key = key if key is not None else os.environ.get("HEARTH_PSEUDONYM_KEY", "")
        if len(key) < 16:
            raise ValueError("HEARTH_PSEUDONYM_KEY must be set to at least 16 random characters; `hearth init` makes one")
        self._key = key.encode()
        self._seen: dict[str, tuple[str, str]] = {}
        self._ask_names = known_names

    @cached_property
    def known_names(self) -> frozenset[str]:
        return self._ask_names()

    def hash_column(self, kind: str, values: pd.Series) -> pd.Series:
        """The column with every value replaced by its hash; null stays null."""
        distinct = values.dropna().unique()
        hashes = {value: self.hash_value(kind, str(value)) for value in distinct}
        return values.map(hashes, na_action="ignore").astype(TEXT)

    def hash_value(self, kind: str, value: str) -> str:
        digest = hmac.new(self._key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]
        self._seen[digest] = (kind, value)
        return digest

    def take_seen(self) -> list[tuple[str, str, str]]:
        """(hash, kind, value) since the last call."""
        seen = [(digest, kind, value) for digest, (kind, value) in self._seen.items()]
        self._seen.clear()
        return seen
