"""What stops whoever works with readings; told to people in a sentence, so that it is light to import."""

from __future__ import annotations


class NotOurs(RuntimeError):
    """Two warehouses would write into one lake."""


class ReadingsNotMoved(RuntimeError):
    """Readings of before lie in tables yet: figures made without them would be wrong."""


class EngineFailed(RuntimeError):
    """The engine that reduces readings could not, or is not there; what it should have made stays as it was."""
