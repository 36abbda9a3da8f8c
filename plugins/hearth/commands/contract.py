"""`hearth contract`: check contracts, and try one on a sample."""

from __future__ import annotations

from pathlib import Path

import click

from hearth.contracts.loading import ContractError, find_contract, load_contract, load_contracts


@click.group()
def contract() -> None:
    """Contracts: what comes in, from where, in which form."""


@contract.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def contract_check(files: tuple[Path, ...]) -> None:
    """Check contracts (default: all of feeds/). Errors name file, line and mend."""
    try:
        found = [load_contract(path) for path in files] if files else list(load_contracts().values())
    except ContractError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(found)} contract(s) are well-formed")


@contract.command("try")
@click.argument("contract_name")
@click.argument("sample", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--show", default=5, show_default=True, help="rejected rows to show for each reason")
def contract_try(contract_name: str, sample: Path, show: int) -> None:
    """Dry run: which rows of the file SAMPLE would be accepted, which rejected, and why.

    CONTRACT_NAME is a feed of feeds/ or the path of a contract. Nothing is written anywhere. The register is asked
    only where a warehouse is configured; without one every measuring point counts as known.
    """
    from hearth.intake.dry_run import try_sample

    path = Path(contract_name)
    try:
        chosen = load_contract(path) if path.suffix == ".yml" else find_contract(contract_name)
        report = try_sample(chosen, sample, show)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report)
