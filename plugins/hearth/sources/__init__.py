"""Sources: pull what a system delivers for an interval, with the hooks of the well-kept providers."""
