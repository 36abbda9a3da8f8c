"""What the suites found of a batch, kept in the ledger in the batch's transaction."""

from __future__ import annotations

import json
from typing import Any

from hearth.loading.batch_load import BatchLoad
from hearth.loading.settle import Provenance
from hearth.validation.batch import BatchValidation, GateVerdict
from hearth.warehouse.statements import Statements

SQL = Statements(__file__)


def record_validation(load: BatchLoad, validation: BatchValidation, provenance: Provenance, verdict: GateVerdict) -> None:
    """Validation results of the rows and of the gate."""
    for suite, success, severity in (
        (validation.suite, validation.suite.success, validation.suite.worst_severity),
        (verdict.suite, verdict.suite.success, verdict.severity),
    ):
        load.write(
            SQL["validation"],
            run_id=provenance.run_id,
            suite=suite.name,
            suite_hash=suite.content_hash,
            success=success,
            severity=severity,
            result=_json(suite.report()),
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\\u0000", "\\ufffd")
