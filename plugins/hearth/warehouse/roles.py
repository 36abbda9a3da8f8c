"""What each role of the warehouse may do: the one place where it stands.

`hearth migrate` gives exactly these rights and takes all others; `hearth doctor` compares them with what the database says.
A new table of the ledger needs a line in ADDS; every role that reads a schema reads its new tables as well.
"""

from __future__ import annotations

from collections.abc import Iterator

ROLES = ("loader", "transformer", "publisher", "keeper", "desk", "sender", "reader", "dashboards", "auditor", "engineer")

GROUPS = ("branch",)
"""Roles nobody logs in by: the logins of branches are members (hearth.warehouse.branches)."""

EVERY = (*ROLES, *GROUPS)

PEOPLE = ("auditor", "dashboards", "engineer")
"""Roles that logins of persons are members of."""

OWNS = {
    "transformer": (
        "reference",
        "staging",
        "intermediate",
        "candidate",
        "reduced",
        "impact_reduced",
        "impact_reference",
        "impact_staging",
        "impact_intermediate",
        "impact_candidate",
    ),
    "publisher": ("marts",),
}
"""Role -> schemas in which it makes the tables."""

READS = {
    "loader": ("raw", "ledger", "quarantine", "restricted.personal_value"),
    # What refused rows are about and how many there are, never the records themselves.
    "transformer": (
        "raw",
        "ledger",
        "quarantine.rejected_day",
        "quarantine.quality_day",
        "quarantine.open_hour",
        "quarantine.refused_export_row",
    ),
    "publisher": ("ledger", "candidate", "reference"),
    "keeper": ("raw", "ledger", "quarantine"),
    "desk": ("ledger", "quarantine"),
    # Whether an earlier step of its own died.
    "sender": ("ledger.step",),
    "reader": ("marts", "ledger", "reference", "quarantine", "intermediate", "reduced"),
    "dashboards": ("marts",),
    "branch": ("marts",),
    "auditor": ("marts", "ledger", "quarantine", "reference", "intermediate", "reduced", "staging", "raw"),
    "engineer": (
        "marts",
        "ledger",
        "quarantine",
        "reference",
        "intermediate",
        "reduced",
        "staging",
        "raw",
        "candidate",
        "impact_candidate",
    ),
}
"""Role -> schemas, or single tables and views, it reads; nobody but the loader reads `restricted`."""

REPLACES = {"loader": ("raw",)}
"""Role -> schemas in which it adds and deletes rows."""

ADDS: dict[str, tuple[str, ...]] = {
    "ledger.approval": ("engineer",),
    "ledger.batch": ("loader",),
    "ledger.batch_content": ("loader",),
    "ledger.batch_day": ("loader",),
    "ledger.batch_hold": ("loader",),
    "ledger.batch_left_out": ("loader",),
    "ledger.batch_quality_day": ("loader",),
    "ledger.build": ("publisher",),
    "ledger.build_batch": ("publisher",),
    "ledger.build_day": ("publisher",),
    "ledger.build_outcome": ("publisher",),
    "ledger.candidate": ("publisher",),
    "ledger.contract": ("loader",),
    "ledger.definition": ("publisher",),
    "ledger.definition_file": ("loader", "publisher", "engineer"),
    "ledger.delivery": ("sender",),
    "ledger.hole": ("loader",),
    "ledger.hole_act": ("desk", "engineer"),
    "ledger.hold_decision": ("desk", "engineer"),
    "ledger.landing_file": ("loader",),
    "ledger.manifest_digest": ("loader", "keeper"),
    "ledger.merged_batch": ("loader", "engineer"),
    "ledger.merged_file": ("loader", "engineer"),
    "ledger.migration": (),
    "ledger.publication": ("publisher",),
    "ledger.publication_part": ("publisher",),
    "ledger.published_value": ("publisher",),
    "ledger.pull": ("loader",),
    "ledger.pull_completion": ("loader",),
    "ledger.pull_choice": ("desk", "engineer"),
    "ledger.reading_file": ("loader",),
    "ledger.reading_merge": ("loader", "engineer"),
    "ledger.replay_order": ("desk", "engineer"),
    "ledger.retention_act": ("engineer",),
    "ledger.seal": ("keeper",),
    "ledger.seal_part": ("keeper",),
    "ledger.source_answer": ("loader",),
    "ledger.stage_check": ("keeper",),
    "ledger.step": ("loader", "publisher", "keeper", "desk", "sender", "engineer"),
    "ledger.supersession": ("loader",),
    "ledger.validation": ("loader", "publisher"),
    "quarantine.act": ("loader", "desk", "engineer"),
    "quarantine.row": ("loader",),
    "restricted.personal_value": ("loader",),
}
"""Table -> roles that add rows to it, because their work writes it; nobody changes or deletes any."""

COUNTS = {
    "ledger.batch_id": ("loader",),
    "ledger.merge_id": ("loader", "engineer"),
    "ledger.publication_publication_id_seq": ("publisher",),
}
"""Sequence -> roles that draw a number from it themselves; identity columns need no right."""

CALLS = {
    # What its time is over for is deleted by a person who cannot read it.
    "restricted.forget_personal(timestamptz, text, text)": ("engineer",),
}
"""Function that runs with its owner's rights -> roles that may call it."""

OF_THE_OWNER = ("ledger", "quarantine", "raw", "restricted")
"""Schemas whose tables `hearth migrate` makes itself."""

SCHEMAS = tuple(sorted({*OF_THE_OWNER, *(schema for owned in OWNS.values() for schema in owned)}))


def login(role: str) -> str:
    return f"hearth_{role}"


def may(role: str, relation: str) -> frozenset[str]:
    """Privileges of a role on a table or view `schema.name`; of the owner of a schema's tables all, named `*`."""
    schema = relation.partition(".")[0]
    if schema in OWNS.get(role, ()):
        return frozenset({"*"})
    replaces = schema in REPLACES.get(role, ())
    given = {
        "SELECT": {schema, relation} & set(READS[role]),
        "INSERT": replaces or role in ADDS.get(relation, ()),
        "DELETE": replaces,
        "USAGE": role in COUNTS.get(relation, ()),
    }
    return frozenset(name for name, is_given in given.items() if is_given)


def schemas_of(role: str) -> set[str]:
    """Schemas a role has to enter."""
    named = [*READS[role], *OWNS.get(role, ()), *REPLACES.get(role, ())]
    named += [relation for given in (ADDS, COUNTS, CALLS) for relation, roles in given.items() if role in roles]
    return {name.partition(".")[0] for name in named}


def grants() -> Iterator[str]:
    """Statements that give every role its rights and take from it all others."""
    for schema in SCHEMAS:
        maker = next((role for role, owned in OWNS.items() if schema in owned), None)
        others = ", ".join(login(role) for role in EVERY if role != maker)
        yield f"revoke all on all tables in schema {schema} from {others}"
        yield f"revoke all on all sequences in schema {schema} from {others}"
        yield f"revoke all on schema {schema} from {others}"
        for role in EVERY:
            if schema in schemas_of(role):
                yield f"grant usage{', create' if role == maker else ''} on schema {schema} to {login(role)}"
            if schema in READS[role]:
                yield f"grant select on all tables in schema {schema} to {login(role)}"
                if maker:
                    yield (
                        f"alter default privileges for role {login(maker)} in schema {schema}"
                        f" grant select on tables to {login(role)}"
                    )
            if schema in REPLACES.get(role, ()):
                yield f"grant insert, delete on all tables in schema {schema} to {login(role)}"
    for role, names in READS.items():
        yield from (f"grant select on {name} to {login(role)}" for name in names if "." in name)
    for kind, given in (("insert on", ADDS), ("usage on sequence", COUNTS), ("execute on function", CALLS)):
        yield from (f"grant {kind} {name} to {login(role)}" for name, roles in given.items() for role in roles)
