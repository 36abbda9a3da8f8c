"""A sample over a live connection: a source is asked for an interval, and no more of its answer is taken than needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from hearth.contracts.contract import Contract, Format
from hearth.contracts.file_source import FileSource
from hearth.contracts.interval import Interval
from hearth.contracts.loading import ContractError
from hearth.contracts.source import Source
from hearth.drafting.sample import NotASample

TAKEN_BYTES = 64 << 20
SECONDS = 300.0


def read_part(path: Path) -> dict[str, Any]:
    """What is known of a contract already: its source at least. Raises ContractError."""
    try:
        part = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not YAML: {error}") from error
    if not isinstance(part, dict) or "source" not in part:
        raise ContractError(f"{path}:1: expected a mapping with `source:` as a contract has it, for the source to be asked")
    try:
        TypeAdapter(Source).validate_python(part["source"])
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ContractError(f"{path}: source: {told}") from error
    return part


@contextmanager
def answer(part: dict[str, Any], feed: str, interval: Interval) -> Iterator[Path]:
    """The beginning of what the source gives for the interval, as a file that is gone afterwards.

    Raises SourceError, SourceUnavailable, and NotASample where nothing came.
    """
    from hearth.dated.dated_rows import place_time_zone
    from hearth.intake.asked_of_register import with_devices
    from hearth.sources.pull import deliveries

    source = TypeAdapter(Source).validate_python(part["source"])
    quick: dict[str, Any] = {"limits": source.limits.model_copy(update={"pull_seconds": min(source.limits.pull_seconds, SECONDS)})}
    if source.kind == "http":
        quick["export"] = None  # the contract of such a feed describes its pages
    form = TypeAdapter(Format).validate_python(part.get("format") or {"kind": "csv"})
    zone = part.get("time_zone") or place_time_zone()
    asked = Contract.model_construct(feed=feed, source=source.model_copy(update=quick), format=form, reconcile=None, time_zone=zone)
    asking = with_devices(asked)
    with tempfile.TemporaryDirectory(prefix="hearth-draft-") as folder:
        for delivery in deliveries(asking, interval):
            name = Path(delivery.name).name if isinstance(source, FileSource) else f"answer.{delivery.format_kind}"
            taken = Path(folder, "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in name)[-100:] or "answer")
            with taken.open("wb") as file:
                for chunk in delivery.chunks:
                    file.write(chunk)
                    if file.tell() > TAKEN_BYTES:
                        break
            if taken.stat().st_size:
                yield taken
                return
        raise NotASample(f"the source gave nothing for {interval}; choose an interval in which something arrived")
