"""Commands of `hearth` that have a module of their own."""
