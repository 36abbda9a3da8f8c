"""`hearth doctor`: what is wrong, and what to do."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from hearth.commands.feeds import refuse_unknown


@click.command()
@click.option("--now", default=None, help="judge as at this moment, ISO format (default: the clock); UTC unless it says otherwise")
@click.option("--feed", multiple=True, help="only these feeds' sources (default: all)")
def doctor(now: str | None, feed: tuple[str, ...]) -> None:
    """Find what is wrong with this installation and say what to do; exits 1 when something has to be done.

    Sees the warehouse as the engineer. Limits are dated rows of health_limit.csv.
    """
    from hearth.contracts.loading import load_contracts
    from hearth.health.doctor import examine
    from hearth.warehouse.connections import connect
    from hearth.warehouse.steps import close_dead

    try:
        moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
    except ValueError as error:
        raise click.ClickException(f"--now {now}: {error}; expected such as 2017-01-15T08:00+08:00") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    refuse_unknown(feed)
    contracts = {name: contract for name, contract in load_contracts().items() if not feed or name in feed}
    with connect("engineer") as connection:
        close_dead(connection)
        problems = examine(connection, moment, contracts)
    for problem in problems:
        click.echo(f"{problem.severity.upper():9} {problem.check}: {problem.where}")
        click.echo(f"          found    {problem.found}")
        click.echo(f"          do       {problem.todo}")
        click.echo(f"          runbook  docs/runbook.md, {problem.runbook!r}")
    serious = [problem for problem in problems if problem.severity != "info"]
    click.echo(f"{len(serious)} things to do, {len(problems) - len(serious)} to know" if problems else "nothing is wrong")
    sys.exit(1 if serious else 0)
