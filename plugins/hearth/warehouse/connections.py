"""Connections to the warehouse: each part by its own role, from HEARTH_WAREHOUSE_URL_<ROLE>."""

from __future__ import annotations

import os

import psycopg


def warehouse_url(role: str) -> str:
    """URL of a role (owner, or one of hearth.warehouse.migrate.ROLES). Raises KeyError with what to set."""
    name = f"HEARTH_WAREHOUSE_URL_{role.upper()}"
    if not os.environ.get(name):
        raise KeyError(f"{name} is not set; it is the PostgreSQL URL of the {role} role (see .env.example)")
    return os.environ[name]


def connect(role: str) -> psycopg.Connection:
    """A psycopg connection of a role; commits on leaving a `with` block without error.

    Its transactions see what was committed while they waited for a lock, whatever level the database has as its default.
    """
    connection = psycopg.connect(warehouse_url(role), application_name=f"hearth {role}")
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return connection
