"""Everything Hearth needs on one machine: a PostgreSQL, a city to pull from, an Airflow, and the demo that joins them.

Nothing in the pipeline imports this package; production replaces it by its own servers and settings.
"""
