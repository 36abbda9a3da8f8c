"""Bodies of the DAGs' tasks: a few lines each between Airflow's context and the plain functions."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from hearth import intake
from hearth.approvals.in_force import in_force
from hearth.cleaning.errors import UnreadableFile
from hearth.contracts.loading import ContractError, find_contract
from hearth.sources.delivery import Interval, SourceError, SourceUnavailable
from hearth.warehouse.ledger import PartialOverlap

log = logging.getLogger(__name__)
MISSING_SECONDS = 2400.0
"""So long one run asks one source for its missing intervals; what is left waits for the next hour's."""
NOT_TO_BE_RETRIED = (ContractError, UnreadableFile, PartialOverlap, intake.BatchHeld)
"""Errors that the same input will give again: a person has to act, a retry only hides it."""


def pull_and_land(feed: str, context: Any) -> int:
    interval = Interval(context["data_interval_start"], context["data_interval_end"])
    try:
        return intake.pull_and_land(in_force(feed).contract, interval, context["run_id"])
    except SourceUnavailable:
        raise
    except (SourceError, *NOT_TO_BE_RETRIED) as error:
        raise AirflowFailException(str(error)) from error


def clean_validate_load(feed: str, pull_id: int, context: Any) -> dict[str, int]:
    try:
        return intake.clean_validate_load(in_force(feed).contract, pull_id, context["run_id"])
    except NOT_TO_BE_RETRIED as error:
        raise AirflowFailException(str(error)) from error


def replay_known_points(context: Any) -> dict[str, Any]:
    """Rows of points that were unknown when they came and are in the register now."""
    from hearth.contracts.loading import load_contracts
    from hearth.replay import points_now_known, replay

    done = {}
    for feed in load_contracts():
        contract = in_force(feed).contract
        if points_now_known(contract):
            done[feed] = replay(contract, context["run_id"], "the register knows the point now", "unknown_point")
    return done


def look_for_missing(context: Any) -> dict[str, list[list[str]]]:
    """Missing intervals (feed, start, end) by the connection of their source."""
    from hearth.contracts.loading import readable_contracts
    from hearth.holes import look

    contracts = {contract.feed: contract for contract in readable_contracts()}
    found: dict[str, list[list[str]]] = {}
    for hole in look(contracts.values(), context["run_id"], context["dag_run"].run_after):
        interval = hole.interval
        place = found.setdefault(contracts[hole.feed].source.connection, [])
        place.append([hole.feed, interval.start.isoformat(), interval.end.isoformat()])
    return found


def pull_missing_again(missing: list[list[str]], context: Any) -> tuple[dict[str, Any], set[str]]:
    """What became of the missing intervals of one source, and the entities that have something new."""
    from datetime import datetime

    from hearth.holes import Hole, pull_all_again

    contracts = {feed: in_force(feed).contract for feed in {feed for feed, _, _ in missing}}
    holes = [Hole(feed, Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))) for feed, start, end in missing]
    closed, failures = pull_all_again(contracts, holes, context["run_id"], MISSING_SECONDS)
    return {"loaded": [str(hole) for hole in closed], "still_missing": failures}, {contracts[h.feed].entity for h in closed}


def tell_still_missing(done: list[dict[str, Any]]) -> int:
    """How many intervals were loaded; raises for those that are still missing, with what each source said."""
    failures = [line for result in done for line in result["still_missing"]]
    if failures:
        shown = "\n".join(f"- {line}" for line in failures[:20])
        raise AirflowFailException(
            f"{len(failures)} intervals are still missing; they are asked for again in an hour. Mend the cause, or"
            f" `hearth holes give-up` with a reason.\n{shown}"
        )
    return sum(len(result["loaded"]) for result in done)


def act_on_quarantine(context: Any) -> tuple[dict[str, object], str]:
    """The act of the form, and the entity of its feed."""
    from hearth import quarantine
    from hearth.warehouse.acting import logged_in

    form = context["params"]
    contract = find_contract(form["feed"])
    try:
        actor = logged_in(context["dag_run"])
        done = quarantine.act(contract.feed, form["act"], context["run_id"], actor, form["why"], form["reason"], form["until"])
    except ValueError as error:
        raise AirflowFailException(str(error)) from error
    return done, contract.entity


def compare_stages(context: Any) -> dict[str, Any]:
    """Pulls of the week before the run, and everything else as a whole."""
    from datetime import timedelta

    from hearth.contracts.loading import load_contracts
    from hearth.reconciliation import checks
    from hearth.warehouse.ledger import recorded_step

    until = context["dag_run"].run_after
    with recorded_step(context["run_id"], "all feeds", "reconcile", role="keeper") as facts:
        pulls = checks.standing_pulls(since=until - timedelta(days=7), until=until)
        done = checks.reconcile(context["run_id"], pulls, load_contracts())
        facts.update(pulls=len(pulls), stages=len(done), differ=sum(check.outcome == "differs" for check in done))
        try:
            checks.refuse_differences(done)
        except checks.Differs as error:
            raise AirflowFailException(str(error)) from error
        return dict(facts)


def plan_build(context: Any) -> dict[str, Any] | None:
    """The plan of one build, after the feeds that come together have come; None when nothing changed."""
    from dataclasses import asdict

    from hearth.approvals.changes import UnapprovedChange
    from hearth.transform.plan import plan_build
    from hearth.transform.quiet import wait_for_quiet
    from hearth.warehouse.ledger import recorded_step

    form = context["params"]
    with recorded_step(context["run_id"], "marts", "plan", role="publisher") as facts:
        facts["waited_seconds"] = wait_for_quiet(form["quiet_seconds"], form["at_most_seconds"])
        try:
            plan = plan_build(context["run_id"])
        except UnapprovedChange as error:
            raise AirflowFailException(str(error)) from error
        facts.update(asdict(plan) if plan else {"message": "nothing changed since the last publication", "outcome": "skipped"})
    return asdict(plan) if plan else None


def transform(plan: dict[str, Any], context: Any) -> dict[str, Any]:
    from hearth.transform import dbt, publish
    from hearth.transform.candidate import BuildRunning
    from hearth.warehouse.ledger import recorded_step

    with recorded_step(context["run_id"], "marts", "transform", role="publisher") as facts:
        try:
            nodes = dbt.build(plan["build_id"], plan["full_refresh"])
        except BuildRunning as error:
            raise AirflowFailException(str(error)) from error
        except dbt.DbtFailed as error:
            publish.record_dbt(plan["build_id"], "failed", str(error)[:4000])
            raise AirflowFailException(str(error)) from error
        publish.record_dbt(plan["build_id"], "succeeded")
        slowest = sorted(nodes, key=lambda node: -node["seconds"])[:8]
        try:
            facts["lineage"] = dbt.emit_lineage(plan["build_id"])
        except Exception as error:  # lineage goes to others: their server out of reach stops no publication, and is told
            log.exception("lineage of build %s could not be sent", plan["build_id"])
            facts["lineage"] = f"not sent: {type(error).__name__}: {error}"[:1000]
        facts.update(nodes=len(nodes), slowest={node["node"]: node["seconds"] for node in slowest})
    return plan


def gate_and_publish(plan: dict[str, Any], context: Any) -> dict[str, Any]:
    from hearth.transform import publish
    from hearth.transform.candidate import BuildRunning, NotItsCandidate
    from hearth.transform.swap import ReadersInTheWay
    from hearth.warehouse.ledger import recorded_step

    with recorded_step(context["run_id"], "marts", "gate_and_publish", role="publisher") as facts:
        try:
            publication = publish.gate_and_publish(plan["build_id"], context["run_id"], _trigger(context))
        except (publish.GateRed, NotItsCandidate, BuildRunning, ReadersInTheWay) as error:
            raise AirflowFailException(str(error)) from error
        facts.update(publication_id=publication.publication_id, rows=publication.rows)
    return {"publication_id": publication.publication_id, "rows": publication.rows}


def seal(context: Any) -> dict[str, Any]:
    """Seal what happened. Its own start is in the seal; its end, written after the seal, is in the next one."""
    from hearth.evidence import seal as sealing
    from hearth.warehouse.ledger import recorded_step

    with recorded_step(context["run_id"], "ledger", sealing.STEP, role="keeper") as facts:
        made = sealing.seal(context["run_id"])
        if made is None:
            facts.update(message="nothing happened since the last seal", outcome="skipped")
            return {}
        facts.update(seal_id=made.seal_id, rows=made.rows, sha256=made.sha256)
    return {"seal_id": made.seal_id, "rows": made.rows, "sha256": made.sha256}


def _trigger(context: Any) -> str:
    """Who or what asked for the run: a person's name where there is one, else the kind of run."""
    run = context["dag_run"]
    who = getattr(run, "triggering_user_name", None)
    return f"{getattr(run.run_type, 'value', run.run_type)}{f' by {who}' if who else ''}"


def trace_headline() -> str:
    from hearth.trace.pages import write_headline

    _skip_before_publication()
    return str(write_headline())


def write_reports(context: Any) -> dict[str, Any]:
    from hearth.front_door import index_page
    from hearth.reports.data_docs import pages_folder, write_page
    from hearth.reports.dbt_docs import build_dbt_docs
    from hearth.reports.documents import write_documents
    from hearth.reports.quality import build_quality_report
    from hearth.reports.quarantine_page import write_quarantine_page

    _skip_before_publication()
    write_page(pages_folder() / "index.html", index_page())
    return {
        "data_docs": str(build_quality_report()),
        "quarantine": str(write_quarantine_page()),
        "documents": str(write_documents()),
        "dbt_docs": str(build_dbt_docs()),
    }


def write_season_page(page: str, context: Any) -> str:
    from hearth.reports import season_pages

    _skip_before_publication()
    return str(season_pages.write(page, context))


def _skip_before_publication() -> None:
    """The clock starts reports on an installation's first morning too: nothing to report is not a failure."""
    from hearth.warehouse.connections import connect
    from hearth.warehouse.published import NothingPublished, require_publication

    try:
        with connect("reader") as connection:
            require_publication(connection)
    except NothingPublished as error:
        raise AirflowSkipException(str(error)) from error


def write_brief(context: Any) -> dict[str, Any]:
    """Write the brief of the day given, else of the day before the run; says which day was asked for and whether it is whole."""
    from datetime import date

    from hearth.brief import facts as brief
    from hearth.brief import site
    from hearth.brief.day import day_before
    from hearth.reports.report_day import report_day
    from hearth.warehouse.connections import connect
    from hearth.warehouse.published import NothingPublished

    given = (context.get("params") or {}).get("day")
    with connect("reader") as connection:
        try:
            newest = brief.newest_day(connection)
            asked = date.fromisoformat(given) if given else day_before(report_day(context), newest)
            found = brief.gather(connection, min(asked, newest))
        except NothingPublished as error:
            if given:
                raise AirflowFailException(str(error)) from error
            raise AirflowSkipException(str(error)) from error
    folder = site.write(found, asked)
    log.info("brief of %s written: %s", found.day, folder)
    return {"asked": str(asked), "day": str(found.day), "is_whole": found.is_whole and found.day == asked, "folder": str(folder)}


def send_brief(channel: str, written: dict[str, Any], context: Any) -> str:
    """Send what was written. A run that a publication started waits for whole data; the clock's or a person's does not."""
    from datetime import date
    from pathlib import Path

    from hearth.brief import facts as brief
    from hearth.brief import sending
    from hearth.delivery.message import NotConfigured
    from hearth.warehouse.connections import connect
    from hearth.warehouse.ledger import recorded_step

    run = context["dag_run"]
    started_by = str(getattr(run.run_type, "value", run.run_type))
    if started_by.startswith("asset") and not written["is_whole"]:
        raise AirflowSkipException(f"the data of {written['asked']} are not whole yet: sent when they are, at the latest at 07:00")
    done, skipped = "", ""
    with recorded_step(context["run_id"], sending.SUBJECT, f"send_{channel}", role="sender") as noted:
        with connect("reader") as connection:
            found = brief.gather(connection, date.fromisoformat(written["day"]))
        try:
            done = sending.send(channel, found, date.fromisoformat(written["asked"]), Path(written["folder"]), context["run_id"])
        except NotConfigured as error:
            skipped = f"the brief is written and not sent by {channel}: {error}"
            noted.update(outcome="skipped", message=skipped)
    if skipped:
        raise AirflowSkipException(skipped)
    log.info("%s", done)
    return done
