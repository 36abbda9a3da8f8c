"""The contracts of an installation."""

from __future__ import annotations

import logging
from pathlib import Path

from hearth.contracts.contract import Contract
from hearth.contracts.folders import REPOSITORY, expectations_folder, feeds_folder
from hearth.contracts.yaml_file import ContractError, line_of, read_part

__all__ = [
    "REPOSITORY",
    "ContractError",
    "expectations_folder",
    "feeds_folder",
    "find_contract",
    "line_of",
    "load_contract",
    "load_contracts",
    "readable_contracts",
]

log = logging.getLogger(__name__)


def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """All contracts of a folder by feed name, in order of file name.

    Raises ContractError when any of them is wrong or two describe one feed.
    """
    contracts: dict[str, Contract] = {}
    for path in sorted((folder or feeds_folder()).glob("*.yml")):
        contract = load_contract(path)
        if contract.feed in contracts:
            raise ContractError(f"{path}:1: feed {contract.feed!r} is described twice; give each feed one file")
        contracts[contract.feed] = contract
    return contracts


def readable_contracts(folder: Path | None = None) -> list[Contract]:
    """Those of a folder that can be read, in order of file name: one that cannot keeps nobody else waiting."""
    found = []
    for path in sorted((folder or feeds_folder()).glob("*.yml")):
        try:
            found.append(load_contract(path))
        except ContractError as error:
            log.warning("%s", error)
    return found


def find_contract(feed: str, folder: Path | None = None) -> Contract:
    """The contract of one feed, by its file name `<feed>.yml`."""
    path = (folder or feeds_folder()) / f"{feed}.yml"
    if not path.exists():
        raise ContractError(f"{path}: no contract for feed {feed!r}; known: {', '.join(load_contracts(folder))}")
    return load_contract(path)


def load_contract(path: Path) -> Contract:
    """One contract. Raises ContractError with `file:line: what, why, what to do`."""
    contract = read_part(Contract, path)
    if contract.feed != path.stem:
        raise ContractError(f"{path}:{line_of(path, 'feed')[0]}: feed {contract.feed!r} must be named like its file")
    return contract.read_from(path)
