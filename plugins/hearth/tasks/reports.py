"""Tasks that write pages for auditors and engineers."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from hearth.reports import season_pages
from hearth.reports.data_docs import pages_folder, write_page
from hearth.reports.dbt_docs import build_dbt_docs
from hearth.reports.documents import write_documents
from hearth.reports.front_door import index_page
from hearth.reports.quality import build_quality_report
from hearth.reports.quarantine_page import write_quarantine_page
from hearth.trace.pages import write_headline
from hearth.warehouse.connections import connect
from hearth.warehouse.published import NothingPublished, require_publication


def trace_headline() -> str:
    skip_before_publication()
    return str(write_headline())


def write_reports(context: Any) -> dict[str, Any]:
    skip_before_publication()
    write_page(pages_folder() / "index.html", index_page())
    return {
        "data_docs": str(build_quality_report()),
        "quarantine": str(write_quarantine_page()),
        "documents": str(write_documents()),
        "dbt_docs": str(build_dbt_docs()),
    }


def write_season_page(page: str, context: Any) -> str:
    skip_before_publication()
    return str(season_pages.write(page, context))


def skip_before_publication() -> None:
    """The clock starts reports on an installation's first morning too: nothing to report is not a failure."""
    try:
        with connect("reader") as connection:
            require_publication(connection)
    except NothingPublished as error:
        raise AirflowSkipException(str(error)) from error
