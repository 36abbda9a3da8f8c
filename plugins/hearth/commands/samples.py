"""`hearth contract test`: contracts against samples that are kept beside them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from hearth.contracts.contract import Contract
from hearth.contracts.folders import feeds_folder
from hearth.contracts.loading import find_contract
from hearth.intake.samples import EXPECTED, Sample, difference, made_of, samples


@click.command("test")
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.option(
    "--write", is_flag=True, help="write what is made of each sample as what is expected: look at it before it is committed"
)
def contract_test(feeds: tuple[str, ...], write: bool) -> None:
    """Run the samples kept beside the contracts, and compare what comes of them with what is expected; exits 1 where it differs.

    A sample is samples/FEED/FILE in the folder of the contracts (HEARTH_FEEDS), its expectation samples/FEED/FILE.expected.json:
    counts, reasons, and the first rows as they would be loaded. It needs no warehouse and no source: for the CI of your own.
    """
    found = list(samples(feeds))
    if not found:
        place = feeds_folder() / "samples" / (feeds[0] if feeds else "FEED")
        raise click.ClickException(f"no sample in {place}; put a file there as the source sends it, then run with --write")
    wrong = sum(not _tested(sample, find_contract(sample.feed), write) for sample in found)
    click.echo(f"{len(found)} samples, {wrong} not as expected" if not write else f"{len(found)} expectations; look at each")
    raise SystemExit(1 if wrong else 0)


def _tested(sample: Sample, contract: Contract, write: bool) -> bool:
    try:
        expected = sample.expected
        made = made_of(contract, sample, _delivered(contract, expected, sample))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if write:
        sample.expectation.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        click.echo(f"written  {sample.feed}  {sample.expectation.name}")
        return True
    if expected is None:
        click.echo(f"MISSING  {sample.feed}  {sample.path.name}: no {sample.path.name}{EXPECTED}; run with --write, and look at it")
        return False
    lines = difference(expected, made)
    click.echo("\n".join([f"{'DIFFERS' if lines else 'ok     '}  {sample.feed}  {sample.path.name}", *lines]))
    return not lines


def _delivered(contract: Contract, expected: dict[str, Any] | None, sample: Sample) -> datetime | None:
    """Where a contract goes by a file's delivery the expectation says when that was: a checkout gives files times of its own."""
    if contract.arrival != "file":
        return None
    said = (expected or {}).get("delivered_at")
    return datetime.fromisoformat(said) if said else datetime.fromtimestamp(int(sample.path.stat().st_mtime), UTC)
