"""Great Expectations Data Docs, made from the validations the ledger keeps.

The pages show the newest validations of every feed and of the marts; the ledger keeps all of them, so pages
are made anew at every publication and never grow beyond KEPT_RUNS a subject.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from hearth.warehouse.connections import connect

KEPT_RUNS = 10
NEWEST = """
select subject, suite, run_id, validated_at, success, result from (
    select v.*, row_number() over (partition by subject, suite order by validation_id desc) as age from ledger.validation v
) numbered where age <= %s order by subject, suite, validated_at
"""


def pages_folder() -> Path:
    return Path(os.environ.get("HEARTH_PAGES") or Path(tempfile.gettempdir()) / f"hearth-pages-{os.getuid()}")


def build_data_docs() -> Path:
    """Write the site to HEARTH_PAGES/data-docs and return its index; the old site stays until the new one is whole."""
    with connect("publisher") as connection:
        validations = connection.execute(NEWEST, (KEPT_RUNS,)).fetchall()
    with tempfile.TemporaryDirectory() as scratch:
        logging.getLogger("great_expectations").setLevel(logging.WARNING)
        context = gx.get_context(mode="file", project_root_dir=scratch)
        for subject, suite, run_id, validated_at, success, result in validations:
            _store(context, subject, suite, run_id, validated_at, success, result)
        site = Path(next(iter(context.build_data_docs().values())).removeprefix("file://")).parent
        target = pages_folder() / "data-docs"
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".data-docs-"))
        shutil.copytree(site, fresh, dirs_exist_ok=True)
        fresh.chmod(0o755)
        replace_folder(fresh, target)
    return target / "index.html"


def replace_folder(fresh: Path, target: Path) -> None:
    """Put a finished folder in the place of an old one."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _store(
    context: Any, subject: str, suite: str, run_id: str, validated_at: datetime, success: bool, result: dict[str, Any]
) -> None:
    name = f"{suite}.{subject}"
    results = [_result(found) for found in result["results"]]
    good = sum(bool(r.success) for r in results)
    verdict = ExpectationSuiteValidationResult(
        success=success,
        results=results,
        suite_name=name,
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
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name),
        run_id=RunIdentifier(run_name=run_id, run_time=validated_at),
        batch_identifier=subject,
    )
    context.validation_results_store.set(key, verdict)


def _result(found: dict[str, Any]) -> ExpectationValidationResult:
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
