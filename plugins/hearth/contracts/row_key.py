"""What names a row: the file it came in, and its place there: three columns in SQL, one number in arrays, a text for people."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
"""Position and sub-position of each row as one number."""

_SUB = 1 << 20
_KEY = re.compile(r"(?P<sha>[0-9a-f]{6,64}):(?P<position>\d{1,18})(?:\.(?P<sub>\d{1,9}))?")


def places(position: npt.ArrayLike, sub_position: npt.ArrayLike) -> Places:
    """Records of a file hold fewer than 2**20 rows each."""
    return np.asarray(position, np.int64) * _SUB + np.asarray(sub_position, np.int64)


class NoSuchRow(LookupError):
    """Nothing in quarantine is called like that."""


@dataclass(frozen=True)
class RowKey:
    """A row by its file's sha256 (or the beginning of it) and its place: `3f9a01c2:17` or `3f9a01c2:17.2`."""

    sha256: str
    position: int
    sub_position: int

    @classmethod
    def parse(cls, text: str) -> RowKey:
        found = _KEY.fullmatch(text.strip())
        if found is None:
            raise NoSuchRow(
                f"{text!r} does not name a row; expected the file's sha256 (6 signs or more) and the place: 3f9a01c2:17"
            )
        return cls(found["sha"], int(found["position"]), int(found["sub"] or 0))

    @property
    def values(self) -> dict[str, str | int]:
        """As parameters of a statement."""
        return {"sha256": f"{self.sha256}%", "position": self.position, "sub_position": self.sub_position}


NO_KEY = dict.fromkeys(("sha256", "position", "sub_position"))
"""The parameters where no row is named."""
