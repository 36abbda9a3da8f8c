"""The two tasks of every feed's DAG: pull and land, then clean, validate and load."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hearth.approvals.in_force import in_force
from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.interval import Interval
from hearth.contracts.loading import ContractError
from hearth.intake import take_in
from hearth.sources.delivery import SourceError, SourceUnavailable
from hearth.warehouse.ledger import PartialOverlap

NOT_TO_BE_RETRIED = (ContractError, UnreadableFile, PartialOverlap, take_in.BatchHeld)
"""Errors that the same input will give again: a person has to act, a retry only hides it."""


def pull_and_land(feed: str, context: Any) -> int:
    interval = Interval(context["data_interval_start"], context["data_interval_end"])
    try:
        return take_in.pull_and_land(in_force(feed).contract, interval, context["run_id"])
    except SourceUnavailable:
        raise
    except (SourceError, *NOT_TO_BE_RETRIED) as error:
        raise AirflowFailException(str(error)) from error


def clean_validate_load(feed: str, pull_id: int, context: Any) -> dict[str, int]:
    try:
        return take_in.clean_validate_load(in_force(feed).contract, pull_id, context["run_id"])
    except NOT_TO_BE_RETRIED as error:
        raise AirflowFailException(str(error)) from error
