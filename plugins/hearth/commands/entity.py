"""`hearth entity`: the kinds of rows of the company's own."""

from __future__ import annotations

from pathlib import Path

import click

from hearth.contracts.entities import ENTITIES, entity_files, read_entity
from hearth.contracts.folders import feeds_folder
from hearth.contracts.yaml_file import ContractError


@click.group()
def entity() -> None:
    """Entities: what one row of a feed is. Hearth's, and those of the company's own in `entities/` beside its contracts."""


@entity.command("list")
def entity_list() -> None:
    """All entities; `hearth contract columns ENTITY` tells the columns of one."""
    width = max(map(len, ENTITIES))
    for name, found in ENTITIES.items():
        click.echo(f"{name:{width}}  {'own  ' if found.is_own else '     '}{found.title} {found.title_zh}".rstrip())


@entity.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--models", "parsed", is_flag=True, help="have dbt read all models too: refs, columns, YAML; some 20 seconds, no database"
)
def entity_check(files: tuple[Path, ...], parsed: bool) -> None:
    """Check entities of the company's own (default: all of its folder), and where its dbt models lie.

    Errors name file, line and mend, those of all files at once.
    """
    from hearth.transform.own_models import MisplacedModel, own_models

    wrong, chosen = [], files or tuple(entity_files())
    for path in chosen:
        try:
            read_entity(path)
        except ContractError as error:
            wrong.append(str(error))
    try:
        models = own_models()
    except MisplacedModel as error:
        wrong.append(str(error))
    if wrong:
        raise click.ClickException("\n".join(wrong))
    if not chosen:
        click.echo(f"{feeds_folder() / 'entities'}: no entity of your own; docs/how-to/add-an-entity.md says how one is written")
        return
    if parsed:
        _parsed_by_dbt()
    made = sum(place.endswith(".sql") for place in models)
    click.echo(
        f"{len(chosen)} entities are well-formed; {made} models beside ours. `hearth migrate` makes the tables that are missing."
    )


def _parsed_by_dbt() -> None:
    from hearth.transform.dbt import DbtFailed, read_manifest

    try:
        manifest = read_manifest()
    except DbtFailed as error:
        raise click.ClickException(str(error)) from error
    own = [
        node for node in manifest["nodes"].values() if "/own/" in node["original_file_path"] and node["resource_type"] == "model"
    ]
    if bare := [node["original_file_path"] for node in own if not node["columns"] and "/marts/" in node["original_file_path"]]:
        raise click.ClickException(
            f"{', '.join(bare)}: a mart says its columns and their types in a YAML file beside it, or dbt stops"
        )


@entity.command("staging")
@click.argument("name", metavar="ENTITY")
def entity_staging(name: str) -> None:
    """Print the staging model that is made of an entity of the company's own, to begin one with.

    Written to models/staging/stg_ENTITY.sql beside the contracts it takes the place of the made one.
    """
    from hearth.transform.own_models import staging_model

    if name not in ENTITIES or not ENTITIES[name].is_own:
        own = [each for each, found in ENTITIES.items() if found.is_own]
        raise click.ClickException(f"{name!r} is no entity of your own; there are: {', '.join(own) or 'none'}")
    click.echo(staging_model(ENTITIES[name]), nl=False)
