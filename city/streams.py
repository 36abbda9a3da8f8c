"""Named random sub-streams, so that a new part of the city never shifts the numbers of an old one."""

from __future__ import annotations

import hashlib

import numpy as np


class Streams:
    """Random generators by name, all derived from the seed and the scale of one city."""

    def __init__(self, seed: int, scale: float) -> None:
        self._root = [int(seed), round(scale * 1_000_000)]

    def rng(self, *names: object) -> np.random.Generator:
        """The generator of a name; the same name always starts at the same point."""
        digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
        return np.random.default_rng([*self._root, int.from_bytes(digest[:8], "big")])


def pick_distinct(rng: np.random.Generator, candidates: np.ndarray, counts: dict[str, int]) -> dict[str, np.ndarray]:
    """Disjoint random picks of candidates, one group per name; a group shrinks when candidates run out."""
    shuffled = rng.permutation(candidates)
    picks, used = {}, 0
    for name, count in counts.items():
        picks[name] = np.sort(shuffled[used : used + count])
        used += count
    return picks


def affordable(rng: np.random.Generator, shares: dict[str, float], rows: int, most: float = 0.05) -> dict[str, int]:
    """How many rows of each kind of defect to plant: two at least, but not so many that a gate would hold the feed.

    In a small feed some kinds are left out, other ones in every feed. A contradiction costs two rows.
    """
    counts = {kind: max(2, round(share * rows)) for kind, share in shares.items()}
    order = rng.permutation(list(counts)).tolist()
    for least in (1, 0):
        for kind in order:
            cost = sum(n * (2 if k == "conflicting_duplicate" else 1) for k, n in counts.items())
            if cost > most * rows and counts[kind] > least:
                counts[kind] = least
    return counts
