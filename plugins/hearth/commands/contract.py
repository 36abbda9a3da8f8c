"""`hearth contract`: check contracts, and try one on a sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from hearth.commands.draft import contract_draft
from hearth.commands.samples import contract_test
from hearth.contracts.contract import Contract
from hearth.contracts.entities import ENTITIES
from hearth.contracts.loading import ContractError, feeds_folder, find_contract, load_contract
from hearth.contracts.open_questions import remarks


@click.group()
def contract() -> None:
    """Contracts: what comes in, from where, in which form."""


contract.add_command(contract_draft)
contract.add_command(contract_test)


@contract.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def contract_check(files: tuple[Path, ...]) -> None:
    """Check contracts: files, or all of a folder (default: feeds/). Errors name file, line and mend, those of all files at once.

    Remarks of a draft that still stand (`# guess:`, `# open:`) are named too; they are no error.
    """
    found: dict[str, Path] = {}
    wrong = []
    for path in _contracts(files or (feeds_folder(),)):
        try:
            feed = load_contract(path).feed
        except ContractError as error:
            wrong.append(str(error))
            continue
        if found.setdefault(feed, path).resolve() != path.resolve():
            wrong.append(f"{path}:1: feed {feed!r} is described in {found[feed]} too; give each feed one file")
    if wrong:
        raise click.ClickException("\n".join(wrong))
    left = [f"{path}:{line}: {words}" for path in found.values() for line, words in remarks(path.read_text(encoding="utf-8"))]
    told = f"; {len(left)} remark(s) of a draft are still unanswered:" if left else ""
    click.echo("\n".join([f"{len(found)} contract(s) are well-formed{told}", *left]))


def _contracts(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(path.glob("*.yml"))
        if not inside:
            raise click.ClickException(f"{path}: no contract in this folder; expected files called <feed>.yml")
        yield from inside


@contract.command("schema")
def contract_schema() -> None:
    """Print the JSON schema of contracts, by which editors complete and explain keys (docs/contract-schema.json)."""
    from hearth.contracts import schema

    click.echo(json.dumps(schema.contract_schema(), ensure_ascii=False, indent=1))


@contract.command("columns")
@click.argument("entity", type=click.Choice(list(ENTITIES)), metavar="ENTITY")
def contract_columns(entity: str) -> None:
    """The canonical columns of ENTITY that a contract may map: kind, unit, choices, what each is."""
    from hearth.contracts import schema

    found = ENTITIES[entity]
    click.echo(f"{entity}: {found.title} {found.title_zh}; key: {', '.join(found.natural_key)}")
    width = max(len(column.name) for column in found.columns)
    for column in found.columns:
        click.echo(f"  {column.name:{width}}  {schema.told(found, column)}")


@contract.command("try")
@click.argument("contract_name")
@click.argument("sample", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--show", default=5, show_default=True, help="rejected rows to show for each reason")
@click.option("--rows", default=3, show_default=True, help="accepted rows to show as they would be loaded")
@click.option(
    "--arrived",
    help="when SAMPLE was delivered, for an archive: 2015-05-01 (midnight) or 2015-05-01T06:00, in the contract's time zone"
    " (default: the file's time)",
)
@click.option("--json", "as_json", is_flag=True, help="counts, reasons and the first accepted rows as JSON, for scripts")
def contract_try(contract_name: str, sample: Path, show: int, rows: int, arrived: str | None, as_json: bool) -> None:
    """Dry run: which rows of the file SAMPLE would be accepted and how they would be loaded, which rejected, and why.

    CONTRACT_NAME is a feed's name (of feeds/, or HEARTH_FEEDS) or the path of a contract, FEED.yml. Nothing is written
    anywhere. The register is asked only where a warehouse is configured; without one every measuring point counts as known.
    """
    from hearth.drafting.shared_ids import shared_by
    from hearth.intake.dry_run import try_sample
    from hearth.intake.trial_text import trial_text

    path = Path(contract_name)
    try:
        chosen = load_contract(path) if path.suffix == ".yml" else find_contract(contract_name)
        trial = try_sample(chosen, sample, show, rows, _delivery(chosen, arrived))
        trial.remarks += shared_by(chosen, sample)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(trial.as_json(), ensure_ascii=False, indent=1) if as_json else trial_text(chosen, sample.name, trial))


def _delivery(chosen: Contract, arrived: str | None) -> datetime | None:
    """The instant of `--arrived`, in the contract's time zone unless it says its own."""
    if arrived is None:
        return None
    if chosen.arrival != "file":
        raise ValueError(f"--arrived: the rows of {chosen.feed} say themselves when they arrived (arrival: a column); leave it out")
    try:
        given = datetime.fromisoformat(arrived)
    except ValueError:
        raise ValueError(f"--arrived {arrived!r}: expected a time such as 2015-05-01 or 2015-05-01T06:00") from None
    return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(chosen.time_zone))).astimezone(UTC)
