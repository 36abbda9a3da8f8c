"""Who runs the texts of dbt_project/reductions: DuckDB on one machine, Spark on many; HEARTH_READINGS_ENGINE says which."""
