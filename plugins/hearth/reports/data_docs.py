"""Pages of Great Expectations' Data Docs for the newest validations, each rendered once.

The renderers of Great Expectations are called for what has no page yet; a page that is there stays as it is. How many are
kept of a feed and suite is the dated row `quality_pages_kept_runs`; older validations are told from the ledger, which keeps all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

_NEWEST = """
select validation_id, subject, suite, validated_at from (
    select validation_id, subject, suite, validated_at,
        row_number() over (partition by subject, suite order by validation_id desc) as age
    from ledger.validation
) numbered where age <= %s
"""


def pages_folder() -> Path:
    return Path(os.environ.get("HEARTH_PAGES") or Path(tempfile.gettempdir()) / f"hearth-pages-{os.getuid()}")


def replace_folder(fresh: Path, target: Path) -> None:
    """Put a finished folder in the place of an old one."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def write_page(path: Path, text: str) -> None:
    """Write a file that readers see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def page_of(subject: str, suite: str, validated_at: datetime, validation_id: int) -> str:
    """Path of a validation's page within the site; as deep as Data Docs' own links to its pictures expect."""
    return f"validations/{suite}/{subject}/{validated_at:%Y/%m}/{validation_id}.html"


def update_pages(connection: psycopg.Connection, site: Path, kept: int) -> set[int]:
    """Render the pages that are missing, remove those past keeping; returns the validations that have a page now."""
    wanted = {
        page_of(subject, suite, at, number): number
        for number, subject, suite, at in connection.execute(_NEWEST, (kept,)).fetchall()
    }
    there = {path.relative_to(site).as_posix() for path in site.glob("validations/**/*.html")}
    for page in there - wanted.keys():
        (site / page).unlink()
    missing = {wanted[page]: page for page in wanted.keys() - there}
    if missing:
        _render(connection, site, missing)
    return set(wanted.values())


def _render(connection: psycopg.Connection, site: Path, missing: dict[int, str]) -> None:
    import great_expectations.render
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    if not (site / "static").exists():
        shutil.copytree(Path(great_expectations.render.__path__[0]) / "view" / "static", site / "static")
    renderer, view = ValidationResultsPageRenderer(), DefaultJinjaPageView()
    found = connection.execute(
        "select validation_id, subject, suite, run_id, validated_at, success, result from ledger.validation"
        " where validation_id = any(%s)",
        (list(missing),),
    )
    for number, subject, suite, *validation in found:
        text = view.render(renderer.render(_verdict(subject, suite, *validation)), show_how_to_buttons=False)
        # Suites are reviewed JSON in expectations/ and have no page of their own.
        write_page(site / missing[number], text.replace(f"expectations/{suite}/{subject}.html", "index.html"))


def _verdict(subject: str, suite: str, run_id: str, validated_at: datetime, success: bool, result: dict[str, Any]) -> Any:
    """A validation of the ledger as Great Expectations' own object."""
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    results = [_result(found) for found in result["results"]]
    good = sum(bool(r.success) for r in results)
    return ExpectationSuiteValidationResult(
        success=success,
        results=results,
        suite_name=f"{suite}.{subject}",
        suite_parameters={},
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100.0 * good / len(results) if results else None,
        },
        meta={
            "run_id": {"run_name": run_id, "run_time": validated_at.isoformat()},
            "great_expectations_version": gx.__version__,
            "batch_spec": {},
            "batch_markers": {},
            "active_batch_definition": {"data_asset_name": subject},
        },
    )


def _result(found: dict[str, Any]) -> Any:
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    config = dict(found["expectation"])
    count, unexpected = found["element_count"], found["unexpected_count"]
    result = {
        "element_count": count,
        "unexpected_count": unexpected,
        "unexpected_percent": 100.0 * unexpected / count if count else 0.0,
        "partial_unexpected_list": found["examples"],
    }
    if found.get("observed_value") is not None:
        result["observed_value"] = found["observed_value"]
    return ExpectationValidationResult(
        success=found["success"],
        expectation_config=ExpectationConfiguration(
            type=config["type"],
            kwargs=config["kwargs"],
            meta=config.get("meta") or {},
            severity=found["severity"],
            description=config.get("description"),
        ),
        result=result,
        exception_info={"raised_exception": False, "exception_traceback": None, "exception_message": None},
    )
