"""A source that answers for one device at a time is asked for those the register has."""

from __future__ import annotations

import re

from hearth.contracts.contract import Contract
from hearth.contracts.http_source import HttpEach, HttpSource
from hearth.warehouse.register import registered_ids


def with_devices(contract: Contract) -> Contract:
    """The contract with the identifiers written out that its source is asked for; any other as it is."""
    source = contract.source
    if not isinstance(source, HttpSource) or source.each is None or source.each.of is None:
        return contract
    like = re.compile(source.each.like or ".*", re.DOTALL)
    ids = [each for each in registered_ids(source.each.of) if like.fullmatch(each)]
    asked = HttpEach.model_construct(parameter=source.each.parameter, ids=ids or None, of=source.each.of, like=source.each.like)
    return contract.model_copy(update={"source": source.model_copy(update={"each": asked})})
