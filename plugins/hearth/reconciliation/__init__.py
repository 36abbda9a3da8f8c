"""Reconciliation: every stage looked at again and compared with what the ledger says it held."""
