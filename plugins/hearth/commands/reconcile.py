"""`hearth reconcile`: look at every stage again and name the one that differs from the ledger."""

from __future__ import annotations

import secrets
import sys

import click

from hearth.commands.feeds import refuse_unknown


@click.command()
@click.option("--feed", default=None, help="only pulls of this feed")
@click.option("--pull", "pull_id", type=int, default=None, help="only this pull")
@click.option("--ask-source", is_flag=True, help="also ask the sources again (their records may have changed by right)")
def reconcile(feed: str | None, pull_id: int | None, ask_source: bool) -> None:
    """Compare landing files, raw, quarantine, staging and marts with what the ledger says they hold.

    Without options everything is looked at: minutes at full scale. What is found is kept in ledger.stage_check; exits 1 when
    a stage differs. Nothing is repaired.
    """
    from hearth.contracts.loading import load_contracts
    from hearth.proof import stages

    refuse_unknown([feed], "keeper")
    whole = feed is None and pull_id is None
    pulls = stages.standing_pulls(feed, pull_id)
    done = stages.reconcile(f"cli-{secrets.token_hex(4)}", pulls, load_contracts() if ask_source else {}, whole)
    for check in done:
        if check.outcome != "equal":
            click.echo(f"{check.outcome.upper():12} {check}")
    for feed_name, pull, column, reason, number in stages.left_out(pulls):
        click.echo(f"{'LEFT OUT':12} {feed_name} pull {pull}: {number} of {column}: {reason}")
    equal = sum(check.outcome == "equal" for check in done)
    click.echo(f"{len(pulls)} pulls, {len(done)} stages looked at, {equal} equal")
    sys.exit(1 if any(check.outcome == "differs" for check in done) else 0)
