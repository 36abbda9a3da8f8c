"""From raw to published marts: what to build, dbt, the marts' gate, publication."""
