"""The network's telemetry: what the heating systems of the stations do, what breaks in them, and what the dispatch centre gets."""
