"""The commands of `hearth`, one module a topic."""
