"""The base of everything a contract is made of."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Part(BaseModel):
    """Base of all contract parts: no unknown keys, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    LATER: ClassVar[frozenset[str]] = frozenset()
    """Fields that could not be said at first: where one has its default it is not written, so contracts mean what they meant."""

    @model_serializer(mode="wrap")
    def _as_it_was(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        made: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        for name in self.LATER:
            written = fields[name].alias or name
            written = written if written in made else name
            if written in made and getattr(self, name) == fields[name].get_default(call_default_factory=True):
                del made[written]
        return made
