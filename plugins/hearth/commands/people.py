"""`hearth people`: logins of persons, by which the ledger knows who acted."""

from __future__ import annotations

import click

from hearth.warehouse.roles import PEOPLE


@click.group()
def people() -> None:
    """Logins of persons: an act is kept with the login that did it. Needs HEARTH_WAREHOUSE_URL_OWNER."""


@people.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(PEOPLE), default="engineer", show_default=True)
def people_add(name: str, role: str) -> None:
    """Make a login for a person and show its address once; for one that exists, a new password.

    The person puts the address into their own environment: an engineer as HEARTH_WAREHOUSE_URL_ENGINEER, an auditor as
    HEARTH_WAREHOUSE_URL_AUDITOR. Take the NAME they have in Airflow, so that both ways are the same person.
    """
    from hearth.warehouse import logins

    try:
        address = logins.add(name, role)
    except (logins.CannotAdd, KeyError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"HEARTH_WAREHOUSE_URL_{role.upper()}={address}")


@people.command("remove")
@click.argument("name")
def people_remove(name: str) -> None:
    """Close a person's login. The name stays theirs: what they did keeps meaning them."""
    from hearth.warehouse import logins

    try:
        logins.remove(name)
    except (LookupError, KeyError) as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"{name} can log in no more")


@people.command("list")
def people_list() -> None:
    """Who has a login of their own, and as what."""
    from hearth.warehouse import logins

    for name, role, may_log_in in logins.listed():
        click.echo(f"{name:40} {role}{'' if may_log_in else ' (closed)'}")
