"""A contract drafted from what a source sends: a file, or an answer."""
