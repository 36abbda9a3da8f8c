"""Errors of whole files; errors of rows are reasons, not exceptions."""


class UnreadableFile(ValueError):
    """The file is not what the contract says: what was expected, what came, where, and what to do.

    `then`: what a pull does once that is done; it is left out where a sample is only tried.
    """

    def __init__(self, what: str, then: str = "") -> None:
        super().__init__(f"{what} {then}".rstrip())
        self.what, self.then = what, then


AGAIN = "Then run the interval again; the landing file is kept."
