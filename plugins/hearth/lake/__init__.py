"""Readings in columnar files: where they lie, which of them count, and SQL on them."""
