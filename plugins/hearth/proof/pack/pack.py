"""Write an evidence pack: everything behind a season's numbers in one zip that can be checked without us.

What is proved stands in `rows/` (each row as PostgreSQL writes it, in the order of the seals) and `seals/`; `tables/` says the
same for people. The same warehouse gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

from hearth.proof.digests import Seal
from hearth.proof.pack.summary import README, render
from hearth.proof.pack.summary_facts import SummaryFacts
from hearth.proof.pack.table_text import copy_fields, csv_lines, record_fields
from hearth.proof.relations import Relation, append_only_relations, record_text
from hearth.warehouse import mart_parts
from hearth.warehouse.published import NothingPublished, require_publication

FORMAT = "hearth evidence 2"
BEFORE = "hearth evidence 1"
"""Packs of this format are read as well; the page for people was made otherwise then, and is not proved."""

MANIFEST = "MANIFEST.json"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Every member bears the earliest time a zip knows: when a pack was written is no part of what it says."""


class Pack:
    """A zip in the making; remembers the digest of every member."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """One member, streamed."""
        info = zipfile.ZipInfo(name, LONG_AGO)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                member.write(chunk)
        self.members[name] = {"sha256": digest.hexdigest(), "size": size}

    def close(self, facts: dict[str, Any]) -> None:
        """The manifest, then the end of the zip."""
        self.add(MANIFEST, [manifest_text({**facts, "members": dict(self.members)})])
        self._zip.close()


def manifest_text(manifest: dict[str, Any]) -> bytes:
    """The one way a manifest is written; any other is a change."""
    return json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()


def write_pack(
    connection: psycopg.Connection,
    season: str,
    out: Path,
    read_manifest: Callable[[str], bytes | None],
    progress: Callable[[str], Any] = lambda name: None,
) -> str:
    """Write the pack of a season to `out`, seen at one moment of the warehouse; returns the sha256 of the file.

    `read_manifest` gives a pull's manifest by its path below the landing store, None when it is gone. Memory is bounded by
    one part of a seal. Raises NothingPublished.
    """
    draft = out.with_name(f".{out.name}.part")
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction(), draft.open("wb") as file:
            connection.execute(mart_parts.SESSION)
            require_publication(connection)
            known = [name for (name,) in connection.execute("select distinct season from marts.season_kpi order by 1").fetchall()]
            if season not in known:
                raise NothingPublished(f"nothing is published of season {season}; published: {', '.join(known)}")
            pack, summary = Pack(file), SummaryFacts(season)
            relations = append_only_relations(connection)
            for relation in relations.values():
                progress(relation.name)
                _add_relation(pack, connection, relation, summary)
            _add_seals(pack, connection)
            progress("marts.season_kpi")
            kpi_columns = _add_kpis(pack, connection, season, summary)
            facts = summary.facts(_seals(connection))
            _add_definitions(pack, connection, facts["definition_hash"])
            _add_manifests(pack, connection, read_manifest)
            pack.add("summary.html", [render(facts).encode()])
            pack.add("README.txt", [README.encode()])
            pack.close(
                {
                    "format": FORMAT,
                    "season": season,
                    "definition_hash": facts["definition_hash"],
                    "last_seal": facts["last_seal"],
                    "relations": {r.name: list(r.columns) for r in relations.values()},
                    "kpi_columns": kpi_columns,
                }
            )
        with draft.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return digest


SEALED_ROWS = """
copy (
    with sealed as materialized (
        select p.seal_id, p.part, k.n, k.key from ledger.seal_part as p
        cross join lateral unnest(string_to_array(p.keys, E'\\n')) with ordinality as k(key, n)
        where p.relation = {name} and p.columns = {columns}
    ),
    found as (select {key} as key, {record} as record from {table} as r)
    select s.seal_id, s.part, s.n, s.key, f.record from sealed as s join found as f using (key) order by 1, 2, 3
) to stdout
"""
UNSEALED_ROWS = """
copy (
    select 0, 0, row_number() over (order by {key} collate "C"), {key}, {record} from {table} as r
    where {key} not in (select k.key from ledger.seal_part as p cross join lateral unnest(string_to_array(p.keys, E'\\n')) as k(key)
        where p.relation = {name})
    order by 3
) to stdout
"""
COLUMN_SETS = "select columns from ledger.seal_part where relation = %s group by columns order by min(seal_id), min(part)"


def _seals(connection: psycopg.Connection) -> list[Seal]:
    from hearth.proof.live import read_seals

    return read_seals(connection)


def _add_relation(pack: Pack, connection: psycopg.Connection, relation: Relation, summary: SummaryFacts) -> None:
    """rows/<table>.tsv (seal, part, number in the part, key, record; seal 0: not sealed yet) and tables/<table>.csv."""
    with tempfile.TemporaryFile() as spool:
        groups = []
        for (columns,) in connection.execute(COLUMN_SETS, (relation.name,)).fetchall():
            readable = [c for c in columns if c in relation.columns]
            if readable == columns:
                groups.append((tuple(columns), _spool(connection, SEALED_ROWS, relation, tuple(columns), spool)))
        groups.append((relation.columns, _spool(connection, UNSEALED_ROWS, relation, relation.columns, spool)))
        spool.seek(0)
        pack.add(f"rows/{relation.name}.tsv", iter(lambda: spool.read(1 << 20), b""))
        spool.seek(0)
        rows = ((columns, str(copy_fields(spool.readline())[4])) for columns, count in groups for _ in range(count))
        pack.add(f"tables/{relation.name}.csv", csv_lines(relation.columns, _told(rows, relation.name, summary)))


def _told(rows: Iterable[tuple[tuple[str, ...], str]], name: str, summary: SummaryFacts) -> Iterator[tuple[tuple[str, ...], str]]:
    """The rows as they pass, told to the page as well."""
    for columns, record in rows:
        summary.add(name, dict(zip(columns, record_fields(record), strict=True)))
        yield columns, record


def _spool(connection: psycopg.Connection, query: str, relation: Relation, columns: tuple[str, ...], spool: IO[bytes]) -> int:
    """Append the lines of a COPY to the spool; returns how many."""
    statement = sql.SQL(query).format(
        name=sql.Literal(relation.name),
        columns=sql.SQL("{}::text[]").format(sql.Literal(list(columns))),
        key=relation.key_text,
        record=record_text(columns),
        table=relation.table,
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in copy:
                spool.write(block)
        return cursor.rowcount


def _copied(connection: psycopg.Connection, statement: str | sql.Composed) -> Iterator[bytes]:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            yield bytes(block)


def _add_seals(pack: Pack, connection: psycopg.Connection) -> None:
    """The chain; parts in the order in which the rows stand in `rows/`."""
    pack.add(
        "seals/seal.tsv",
        _copied(
            connection,
            "copy (select seal_id, previous_sha256, parts, rows, sha256, sealed_at, run_id from ledger.seal order by 1) to stdout",
        ),
    )
    pack.add(
        "seals/seal_part.tsv",
        _copied(
            connection,
            "copy (select seal_id, part, relation, to_json(columns), rows, keys, encode(digests, 'hex'), sha256 from (select *,"
            " min(seal_id) over same as since, min(part) over same"
            ' as since_part from ledger.seal_part window same as (partition by relation, columns)) p order by relation collate "C",'
            " since, since_part, seal_id, part) to stdout",
        ),
    )


def _add_kpis(pack: Pack, connection: psycopg.Connection, season: str, summary: SummaryFacts) -> list[str]:
    """The season's published KPIs: the very lines their digests are made of, and a table; returns the columns."""
    columns = [
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = 'marts.season_kpi'::regclass and attnum > 0 and not attisdropped"
            " order by attnum"
        )
    ]
    statement = sql.SQL(
        "copy (select r.heating_date, r::text from marts.season_kpi as r where r.season = {}"
        ' order by 1, r::text collate "C") to stdout'
    ).format(sql.Literal(season))
    with tempfile.TemporaryFile() as spool:
        for block in _copied(connection, statement):
            spool.write(block)
        spool.seek(0)
        pack.add("kpi/season_kpi.tsv", iter(lambda: spool.read(1 << 20), b""))
        spool.seek(0)
        pack.add("kpi/season_kpi.csv", csv_lines(columns, ((columns, str(copy_fields(line)[1])) for line in spool)))
        spool.seek(0)
        for line in spool:
            summary.add_kpi(dict(zip(columns, record_fields(str(copy_fields(line)[1])), strict=True)))
    return columns


def _add_definitions(pack: Pack, connection: psycopg.Connection, definition_hash: str) -> None:
    """What defines today's numbers, file by file; every suite and contract a batch or a check ever used."""
    for path, content in connection.execute(
        "select d.path, f.content from ledger.definition d join ledger.definition_file f using (sha256)"
        ' where d.definition_hash = %s order by d.path collate "C"',
        (definition_hash,),
    ):
        pack.add(f"definitions/{path}", [content.encode()])
    for folder, query in (
        ("suites", "select distinct suite, suite_hash from ledger.validation"),
        ("contracts", "select distinct feed, contract_hash from ledger.batch"),
    ):
        used = connection.execute(
            f"select u.name, u.hash, f.content from ({query}) as u(name, hash) join ledger.definition_file f on f.sha256 = u.hash"
            ' order by u.name collate "C", u.hash'
        )
        for name, sha256, content in used.fetchall():
            pack.add(f"{folder}/{name}-{sha256}.json", [content.encode()])


def _add_manifests(pack: Pack, connection: psycopg.Connection, read_manifest: Callable[[str], bytes | None]) -> None:
    for (place,) in connection.execute('select manifest from ledger.manifest_digest order by manifest collate "C"').fetchall():
        content = read_manifest(place)
        if content is not None:
            pack.add(f"landing/{place}", [content])
