"""The names of people the sources ever delivered, for finding them where nobody marked them."""

from __future__ import annotations

from hearth.warehouse.connections import connect

NAME_KINDS = ("owner_name", "caller_name", "name")
"""Kinds of restricted.personal_value that are a resident's name alone."""


def known_names() -> frozenset[str]:
    """All names; some 20 MB for a city of 270,000 homes, asked for only when a text in Chinese has to be looked through."""
    with connect("loader") as connection:
        rows = connection.execute("select value from restricted.personal_value where kind = any(%s)", (list(NAME_KINDS),))
        return frozenset(value.strip() for (value,) in rows if len(value.strip()) > 1)
