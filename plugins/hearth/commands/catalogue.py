"""`hearth catalogue`: the pages that say what every number means and what every DAG does."""

from __future__ import annotations

from pathlib import Path

import click

from hearth.contracts.loading import REPOSITORY


@click.command()
@click.option(
    "--out", default=REPOSITORY / "docs", type=click.Path(path_type=Path, file_okay=False), help="folder (default: docs/)"
)
def catalogue(out: Path) -> None:
    """Write the catalogues: KPIs (English and Chinese) from the marts' descriptions, DAGs from their documentation."""
    from hearth.reports import dag_catalogue
    from hearth.reports.kpi_catalogue import IncompleteKpi, write_catalogue
    from hearth.transform.dbt import DbtFailed, read_manifest

    try:
        written = write_catalogue(read_manifest(), out)
        page = dag_catalogue.render(dag_catalogue.read_dags(REPOSITORY / "dags"))
    except (IncompleteKpi, DbtFailed, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    (out / dag_catalogue.FILE).write_text(page, encoding="utf-8")
    for path in [*written, out / dag_catalogue.FILE]:
        click.echo(f"{path} written")
