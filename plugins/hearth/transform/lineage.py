"""Lineage of a build as OpenLineage events: which model read which tables, column by column, taken from dbt's artefacts.

Events go into a file a build (HEARTH_LINEAGE, or `lineage/` beside dbt's artefacts), or to any OpenLineage server when
OpenLineage's own settings name one (OPENLINEAGE_URL, OPENLINEAGE__TRANSPORT__TYPE, or a file named by OPENLINEAGE_CONFIG).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

PRODUCER = "https://openlineage.io/hearth"
NAMESPACE = "hearth"
KEPT_FILES = 20
"""Files of the newest builds that stay; lineage is made anew by every build."""
_CONFIGURED = ("OPENLINEAGE_URL", "OPENLINEAGE__TRANSPORT__TYPE", "OPENLINEAGE__TRANSPORT", "OPENLINEAGE_CONFIG")


def emit(project: Path, target: Path, build_id: int) -> dict[str, Any]:
    """Send the events of the dbt run whose artefacts lie in `target`; returns how many and where they went.

    Raises what the transport raises: whoever calls decides that a lineage server out of reach stops no publication.
    """
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.file import FileConfig, FileTransport
    from openlineage.common.provider.dbt.local import DbtLocalArtifactProcessor

    processor = DbtLocalArtifactProcessor(
        producer=PRODUCER, job_namespace=NAMESPACE, project_dir=str(project), target_path=str(target)
    )
    events = processor.parse().events()
    if any(os.environ.get(name) for name in _CONFIGURED):
        client, place = OpenLineageClient(), "as OpenLineage is configured"
    else:
        file = _new_file(target, build_id)
        client, place = OpenLineageClient(transport=FileTransport(FileConfig(log_file_path=str(file), append=True))), str(file)
    for event in events:
        client.emit(event)
    return {"events": len(events), "to": place}


def _new_file(target: Path, build_id: int) -> Path:
    folder = Path(os.environ.get("HEARTH_LINEAGE") or target / "lineage")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"build-{build_id:08d}.ndjson"
    file.unlink(missing_ok=True)
    for old in sorted(folder.glob("build-*.ndjson"))[: -KEPT_FILES + 1]:
        old.unlink()
    return file
