"""dbt docs as one static page under HEARTH_PAGES/dbt-docs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hearth.reports.data_docs import pages_folder, replace_folder
from hearth.transform.dbt import run_dbt, target_folder


def build_dbt_docs() -> Path:
    """Generate the documentation of the last build; returns the page's path."""
    run_dbt(["docs", "generate", "--static"])
    target = pages_folder() / "dbt-docs"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".dbt-docs-"))
    shutil.copy(target_folder() / "static_index.html", fresh / "index.html")
    fresh.chmod(0o755)
    replace_folder(fresh, target)
    return target / "index.html"
