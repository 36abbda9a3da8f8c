"""Follow a published KPI value down to the records it came from, with counts at each step that add up."""
