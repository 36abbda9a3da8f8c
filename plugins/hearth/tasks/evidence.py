"""The seal after a publication."""

from __future__ import annotations

from typing import Any

from hearth.proof import seal as sealing
from hearth.warehouse.ledger import recorded_step


def seal(context: Any) -> dict[str, Any]:
    """Seal what happened. Its own start is in the seal; its end, written after the seal, is in the next one."""
    with recorded_step(context["run_id"], "ledger", sealing.STEP, role="keeper") as facts:
        made = sealing.seal(context["run_id"])
        if made is None:
            facts.update(message="nothing happened since the last seal", outcome="skipped")
            return {}
        facts.update(seal_id=made.seal_id, rows=made.rows, sha256=made.sha256)
    return {"seal_id": made.seal_id, "rows": made.rows, "sha256": made.sha256}
