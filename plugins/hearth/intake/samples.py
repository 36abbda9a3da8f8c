"""Samples kept beside the contracts, with what is expected of them: the tests of a company's own contracts and entities.

`samples/<feed>/<file>` is what a source sends, `samples/<feed>/<file>.expected.json` what its contract makes of it: counts,
reasons, values left out, and the first accepted rows as they would be loaded. Every measuring point counts as known: a sample says
nothing of the register.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.contract import Contract
from hearth.contracts.folders import feeds_folder
from hearth.intake.dry_run import try_sample

EXPECTED = ".expected.json"
ROWS = 20


@dataclass(frozen=True)
class Sample:
    feed: str
    path: Path

    @property
    def expectation(self) -> Path:
        return self.path.with_name(self.path.name + EXPECTED)

    @property
    def expected(self) -> dict[str, Any] | None:
        """None where nothing is written yet. Raises ValueError for what is no JSON object."""
        if not self.expectation.exists():
            return None
        try:
            value = json.loads(self.expectation.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{self.expectation}: not JSON: {error}. `hearth contract test --write` writes it anew") from error
        if not isinstance(value, dict):
            raise ValueError(f"{self.expectation}: expected a JSON object, came {type(value).__name__}")
        return value


def samples(feeds: tuple[str, ...] = ()) -> Iterator[Sample]:
    """Of these feeds, or of all, in order."""
    for path in sorted((feeds_folder() / "samples").glob("*/*")):
        is_sample = path.is_file() and not path.name.endswith(EXPECTED) and not path.name.startswith(".")
        if is_sample and (not feeds or path.parent.name in feeds):
            yield Sample(path.parent.name, path)


def made_of(contract: Contract, sample: Sample, delivered_at: datetime | None) -> dict[str, Any]:
    """What the contract makes of the sample now; a file that is refused is an outcome too. Writes nothing."""
    alone = contract.model_copy(update={"points": None}) if contract.points == "registered" else contract
    try:
        made = try_sample(alone, sample.path, 0, ROWS, delivered_at).as_json()
    except UnreadableFile as error:
        made = {"refused": str(error)}
    told = {"delivered_at": delivered_at.isoformat()} if delivered_at else {}
    return json.loads(json.dumps({**told, **made}, ensure_ascii=False))


def difference(expected: dict[str, Any], made: dict[str, Any]) -> list[str]:
    """Lines of a unified diff, none where both are the same."""
    before, after = (json.dumps(each, ensure_ascii=False, indent=1, sort_keys=True).splitlines() for each in (expected, made))
    return list(difflib.unified_diff(before, after, "expected", "made now", n=1, lineterm=""))
