"""Heating seasons and other dated rows: the same seeds dbt uses, read from CSV."""
