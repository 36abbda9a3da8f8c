"""Reports for people: alerts, Data Docs, dbt docs."""
