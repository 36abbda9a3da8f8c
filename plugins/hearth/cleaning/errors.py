"""Errors of whole files; errors of rows are reasons, not exceptions."""


class UnreadableFile(ValueError):
    """The file is not what the contract says: what was expected, what came, where, and what to do."""
