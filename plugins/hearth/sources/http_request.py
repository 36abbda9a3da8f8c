"""What one request says: parameters under dotted names, in the query of a get, in the JSON or form of a post."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """`address`: the whole of it, query included, where an answer gave it; `parameters` are not sent then."""

    path: str
    parameters: Parameters = field(default_factory=dict)
    method: str = "get"
    form: bool = False
    address: str | None = None

    def with_more(self, more: Parameters) -> Asked:
        return replace(self, parameters={**self.parameters, **more})

    @property
    def sent(self) -> dict[str, Any]:
        """As requests takes it."""
        if self.address is not None:
            return {}
        if self.method == "get":
            return {"params": as_texts(self.parameters)}
        return {"data": as_texts(self.parameters)} if self.form else {"json": nested(self.parameters)}


def nested(parameters: Parameters) -> dict[str, Any]:
    """{"page.size": 5, "page": {"sort": 1}} becomes {"page": {"sort": 1, "size": 5}}."""
    made: dict[str, Any] = {}
    for name, value in parameters.items():
        *folders, last = name.split(".")
        place = made
        for folder in folders:
            inside = place.get(folder)
            place[folder] = place = dict(inside) if isinstance(inside, dict) else {}
        place[last] = {**place[last], **value} if isinstance(value, dict) and isinstance(place.get(last), dict) else value
    return made


def as_texts(parameters: Parameters) -> Parameters:
    """true and false as the web writes them."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in parameters.items()}


def dig(value: Any, path: str) -> Any:
    """What stands at a dotted path, null where nothing does; "." is the value itself."""
    for key in filter(None, path.split(".")):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def shape(value: Any, path: str) -> str:
    """Types and keys of an answer along a dotted path, for messages; the only value told is a whole number at its end (a code)."""
    told: list[str] = []
    for place in ["", *filter(None, path.split("."))]:
        value = value.get(place) if place and isinstance(value, dict) else value
        if isinstance(value, dict):
            told.append(f"{place or 'an object'} with {', '.join(map(repr, sorted(value)[:20])) or 'no keys'}"[:300])
        else:
            kind = "nothing" if value is None else type(value).__name__
            told.append(f"{place or 'an answer that'} is {value if type(value) is int else kind}")
            break
    return ": ".join(told)
