"""What a person answers in every draft: whose the feed is, and where its source stands."""

from __future__ import annotations

ANSWERS = {
    "OPEN a team": "dispatch centre",
    "OPEN its name": "hearth_files",
    "OPEN where the files lie": "/vendor",
    "OPEN of the address": "/readings",
    "OPEN parameter of the first instant": "from",
    "OPEN parameter of the end": "to",
}


def answered(draft: str) -> str:
    """The draft with these answers; its own questions stay."""
    for question, answer in ANSWERS.items():
        draft = draft.replace(question, answer)
    return draft
