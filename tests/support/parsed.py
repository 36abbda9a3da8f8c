"""dbt's project, parsed once a process: as its database's name is part of it, every new warehouse would spend ten seconds on it."""

from __future__ import annotations

import os
import pprint
import tempfile
from argparse import Namespace
from functools import cache
from pathlib import Path

from dbt.contracts.files import FileHash
from dbt.contracts.graph.manifest import Manifest

FILE = "partial_parse.msgpack"


@cache
def _project() -> Manifest:
    """As dbt keeps it, of a database that is never asked."""
    from hearth.transform import dbt

    with tempfile.TemporaryDirectory(prefix="hearth-parsed-") as folder:
        outcome = dbt._invoke(["parse"], Path(folder), {"HEARTH_DBT_SCHEMA_PREFIX": ""})
        assert outcome.success, outcome.exception
        return Manifest.from_msgpack((Path(folder) / FILE).read_bytes())


def _address() -> tuple[FileHash, str]:
    """(dbt's own mark of where the environment's warehouse is, its database): with another mark dbt parses anew."""
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    from hearth.transform import dbt

    with dbt._environment(dbt._connection()):
        set_invocation_context(os.environ)
        set_from_args(Namespace(PROFILES_DIR=str(dbt.DBT_PROJECT)), None)
        credentials = load_profile(str(dbt.DBT_PROJECT), {}).credentials
    return FileHash.from_contents(pprint.pformat(sorted(credentials.connection_info()))), credentials.database


def give(target: Path) -> None:
    """Put the parsed project where dbt looks for it, as that of the warehouse the environment names."""
    from hearth.dated.dated_rows import seeds_folder
    from hearth.transform.dbt import DBT_PROJECT

    if DBT_PROJECT not in seeds_folder().resolve().parents:
        return  # other seeds: another project
    kept = _project()
    kept.state_check.profile_hash, database = _address()
    for node in (*kept.nodes.values(), *kept.sources.values()):
        if name := getattr(node, "relation_name", None):
            node.relation_name = name.replace(f'"{node.database}".', f'"{database}".', 1)
        node.database = database
    target.mkdir(parents=True, exist_ok=True)
    (target / FILE).write_bytes(kept.to_msgpack())
