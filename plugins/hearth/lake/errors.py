"""What stops whoever works with readings; told to people in a sentence, so that it is light to import."""

from __future__ import annotations


class NotOurs(RuntimeError):
    """Two warehouses would write into one lake."""


class ReadingsNotMoved(RuntimeError):
    """Readings of before lie in tables yet: figures made without them would be wrong."""
