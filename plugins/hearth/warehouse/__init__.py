"""The warehouse: PostgreSQL schemas and roles, bulk load, ledger, quarantine."""
