"""Bodies of the DAGs' tasks, one module a DAG or topic: a few lines each between Airflow's context and the plain functions."""
