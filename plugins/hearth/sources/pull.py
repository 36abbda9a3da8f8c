"""Choose the source by the contract's kind."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from hearth.contracts.contract import Contract
from hearth.contracts.file_source import KINDS
from hearth.contracts.interval import Interval
from hearth.sources.delivery import Delivery, SourceError

MODULES = {"http": "http", "mqtt": "mqtt", "sql": "sql", **dict.fromkeys(KINDS, "files")}
"""Kind of source -> the module that asks it; imported when it is, for their drivers are large."""


def deliveries(contract: Contract, interval: Interval) -> Iterator[Delivery]:
    """Everything the feed delivered in the interval. Raises SourceError or SourceUnavailable."""
    from airflow.sdk.exceptions import AirflowNotFoundException  # it writes log lines to stdout from then on

    connection = contract.source.connection
    try:
        yield from _module(contract).deliveries(contract, contract.source, interval)
    except AirflowNotFoundException as error:
        raise SourceError(
            f"{contract.feed}: there is no Airflow connection {connection}, or it cannot be read. Make it in Airflow, or in the"
            f' environment as JSON: AIRFLOW_CONN_{connection.upper()}={{"conn_type": ..., "host": ..., "password": ...}}'
        ) from error


def count(contract: Contract, interval: Interval) -> tuple[Any, dict[str, Any]]:
    """(number, sums) as the source itself counts the interval, the values as it gave them. Raises what its driver raises."""
    counted: tuple[Any, dict[str, Any]] = _module(contract).count(contract, contract.source, interval)
    return counted


def _module(contract: Contract) -> Any:
    return import_module(f"hearth.sources.{MODULES[contract.source.kind]}")
