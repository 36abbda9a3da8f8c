"""What the suites found of a batch, kept in the ledger in the batch's transaction."""

from __future__ import annotations

import json
from typing import Any

from hearth.loading.batch_load import BatchLoad
from hearth.loading.settle import Provenance
from hearth.validation.batch import BatchValidation, GateVerdict


def record_validation(load: BatchLoad, validation: BatchValidation, provenance: Provenance, verdict: GateVerdict) -> None:
    """Validation results of the rows and of the gate."""
    for suite, success, severity in (
        (validation.suite, validation.suite.success, validation.suite.worst_severity),
        (verdict.suite, verdict.suite.success, verdict.severity),
    ):
        load.write(
            "insert into ledger.validation (batch_id, run_id, subject, suite, suite_hash, success, severity,"
            " result) values ($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::boolean, $7::text, $8::text::jsonb)",
            load.batch_id,
            provenance.run_id,
            load.contract.feed,
            suite.name,
            suite.content_hash,
            success,
            severity,
            _json(suite.report()),
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\\u0000", "\\ufffd")
