"""Cleaning: the records of a landing file become typed canonical rows (UTC, degC, m), nothing dropped."""
