"""`hearth seal`, `hearth verify`, `hearth evidence`, `hearth retention`: make proof, check it, and delete by rule."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hearth.commands.paths import FileToWrite

if TYPE_CHECKING:
    from hearth.proof.live import Report

SHOWN = 50


@click.command()
def seal() -> None:
    """Seal what the ledger and the quarantine gained since the last seal. build_marts does it after each publication."""
    import secrets

    from hearth.proof.seal import seal as make_seal

    made = make_seal(f"cli-{secrets.token_hex(4)}")
    click.echo(f"seal {made.seal_id} over {made.rows} rows: {made.sha256}" if made else "nothing happened since the last seal")


@click.command()
@click.option("--landing/--no-landing", default=True, show_default=True, help="also hash every landing file again")
def verify(landing: bool) -> None:
    """Check the live warehouse (and the landing files) against its seals; exits 1 and names what was changed.

    Sees the warehouse as the auditor.
    """
    from hearth.landing.store import LandingStore
    from hearth.proof.live import verify_warehouse
    from hearth.warehouse.connections import connect

    with connect("auditor") as connection:
        report = verify_warehouse(connection)
        if landing:
            from hearth.proof.landing import deleted_files, recorded_files

            _landing(report, LandingStore().root, list(recorded_files(connection)), deleted_files(connection))
            _strays(report, connection)
    _tell(report)


def _strays(report: Report, connection: Any) -> None:
    """The other direction: files of the store that the ledger does not know, older than the rule that sweeps them."""
    from hearth.keeping.retention import rules_on
    from hearth.landing.store import LandingStore
    from hearth.proof.digests import Finding
    from hearth.proof.landing import strays

    now = datetime.now(UTC)
    days = next((rule.keep_days for rule in rules_on(now.date()) if rule.subject == "stray_file"), 0)
    unknown = strays(LandingStore(), connection, now)
    old = {place for place, _ in strays(LandingStore(), connection, now - timedelta(days=days))}
    report.findings += [
        Finding(f"landing file {place}", "", "is named by no pull; `hearth retention apply` sweeps it") for place in sorted(old)
    ]
    report.checked.append(f"the ledger names every file of the landing store but for {len(unknown)} of pulls that failed or run")


@click.group(invoke_without_command=True)
@click.option("--season", help="the season whose KPIs the pack is about, such as 2016-17")
@click.option("--out", type=FileToWrite(), help="the zip to write")
@click.pass_context
def evidence(context: click.Context, season: str | None, out: Path | None) -> None:
    """Write everything behind a season's numbers into one zip, or check one.

    \b
      hearth evidence --season 2016-17 --out evidence.zip
      hearth evidence verify evidence.zip
    """
    if context.invoked_subcommand is not None:
        return
    if season is None or out is None:
        raise click.UsageError("give --season and --out to write a pack, or the command verify to check one")
    from hearth.landing.store import LandingStore
    from hearth.proof.pack.pack import write_pack
    from hearth.warehouse.connections import connect
    from hearth.warehouse.published import NothingPublished

    root = LandingStore().root

    def read_manifest(place: str) -> bytes | None:
        path = root / place
        return path.read_bytes() if path.exists() else None

    try:
        with connect("auditor") as connection:
            digest = write_pack(connection, season, out, read_manifest, lambda name: click.echo(f"  {name}", err=True))
    except NothingPublished as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out} written, sha256 {digest}")


@evidence.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--landing", type=click.Path(exists=True, file_okay=False, path_type=Path), help="also hash the landing files there")
@click.option("--seal", "known", multiple=True, help="sha256 of a seal noted earlier: the chain must hold it")
@click.option("--warehouse", is_flag=True, help="also compare with the live warehouse, and check that as well")
def evidence_verify(file: Path, landing: Path | None, known: tuple[str, ...], warehouse: bool) -> None:
    """Check the pack FILE without any connection; exits 1 and names the first broken link and all others."""
    from hearth.proof.digests import Finding
    from hearth.proof.pack.check import UNREADABLE, verify_pack
    from hearth.proof.pack.reader import NotAPack

    try:
        report, pack, contents = verify_pack(file)
    except NotAPack as error:
        raise click.ClickException(str(error)) from error
    seals = [] if any(finding.where == UNREADABLE for finding in report.findings) else pack.seals()
    for sha256 in set(known) - {s.sha256 for s in seals}:
        report.findings.append(Finding("ledger.seal", sha256, "is not in the chain of this pack: it was written anew"))
    if landing:
        files = [(place, sha256, "landing file") for place, sha256 in sorted(contents.landing_files.items())]
        files += [(place, sha256, "manifest") for place, sha256 in sorted(contents.manifests.items())]
        _landing(report, landing, files, contents.deleted)
    if warehouse:
        _compare_live(report, seals)
    _tell(report)


def _compare_live(report: Report, seals: list[Any]) -> None:
    from hearth.proof.digests import Finding
    from hearth.proof.live import read_seals, verify_warehouse
    from hearth.warehouse.connections import connect

    with connect("auditor") as connection:
        live = {s.seal_id: s.sha256 for s in read_seals(connection)}
        for s in seals:
            if live.get(s.seal_id) != s.sha256:
                found = f"the pack has {s.sha256[:12]}, the warehouse {live.get(s.seal_id, 'none')[:12]}"
                report.findings.append(Finding("ledger.seal", f"seal {s.seal_id}", found))
        checked = verify_warehouse(connection)
    report.findings += checked.findings
    report.checked += [f"live: {line}" for line in checked.checked]


def _landing(report: Report, root: Any, files: list[tuple[str, str, str]], deleted: set[str]) -> None:
    from hearth.proof.landing import check_landing

    with click.progressbar(length=len(files), label="landing files", file=sys.stderr) as bar:
        found, whole, gone = check_landing(root, files, deleted, lambda: bar.update(1))
    report.findings += found
    report.checked.append(f"{whole} landing files and manifests, {gone} deleted by a recorded act")


def _tell(report: Report) -> None:
    for line in report.checked:
        click.echo(f"checked  {line}")
    if report.is_whole:
        click.echo("whole: nothing was changed or taken away")
        return
    click.echo(f"BROKEN   first broken link: {report.findings[0]}")
    for finding in report.findings[1:SHOWN]:
        click.echo(f"         {finding}")
    if len(report.findings) > SHOWN:
        click.echo(f"         and {len(report.findings) - SHOWN} more")
    sys.exit(1)


@click.group()
def retention() -> None:
    """What its time is over for: show it, delete it, keep a record of it."""


def _due(now: str | None) -> list[Any]:
    from hearth.keeping.retention import due, rules_on

    moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return [due(rule, moment) for rule in rules_on(moment.date())]


@retention.command("show")
@click.option("--now", default=None, help="as at this moment, ISO format (default: the clock)")
def retention_show(now: str | None) -> None:
    """The dated rules of retention_rule.csv and what they would delete."""
    for found in _due(now):
        rule = found.rule
        click.echo(f"{rule.subject:16} kept {rule.keep_days} days: what came before {found.older_than:%Y-%m-%d} goes. {rule.why}")
        if rule.subject != "personal_value":
            size = sum(size for _, _, size in found.files)
            click.echo(
                f"{'':16} {len(found.files)} files, {size / 1e6:,.1f} MB; {found.kept_for_quarantine} kept for open quarantine"
            )


@retention.command("apply")
@click.option("--now", default=None, help="as at this moment, ISO format (default: the clock)")
@click.option("--why", required=True, help="kept in the ledger")
def retention_apply(now: str | None, why: str) -> None:
    """Delete what the rules say and record every file and every sweep of personal values in ledger.retention_act.

    Kept with the login of HEARTH_WAREHOUSE_URL_ENGINEER: your own (`hearth people`).
    """
    from hearth.keeping.retention import apply
    from hearth.landing.store import LandingStore

    for found in _due(now):
        gone = apply(found, why, LandingStore())
        click.echo(f"{found.rule.subject:16} {gone} deleted, older than {found.older_than:%Y-%m-%d}")
