"""Groups of commands of `hearth`, one module each."""
