"""The way in: pull + land, then clean + validate + load. What the two tasks of every feed DAG do.

Knows no Airflow beyond the hooks of the sources; every step leaves an outcome in the ledger.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from hearth.cleaning.ahead import ahead
from hearth.cleaning.doubled_hour import DoubledHour
from hearth.cleaning.errors import UnreadableFile
from hearth.cleaning.instants import to_micros
from hearth.cleaning.measures import by_key
from hearth.cleaning.pseudonym import Pseudonyms
from hearth.cleaning.reading import read_records
from hearth.cleaning.records import LandedFile, Records, gathered
from hearth.cleaning.rows import Rows, clean, masked_records
from hearth.contracts.contract import Contract
from hearth.contracts.counts import Counts
from hearth.contracts.interval import Interval
from hearth.contracts.mqtt_source import MqttSource
from hearth.contracts.reasons import BIT, Bits
from hearth.contracts.unfolding import SelfRegistering
from hearth.dated.dated_rows import place_time_zone
from hearth.intake.asked_of_register import with_devices
from hearth.intake.late_files import complete
from hearth.intake.received import land_received
from hearth.landing.landing import LandedPull, Landing
from hearth.landing.store import LandingStore
from hearth.loading import holds
from hearth.loading.as_came import keep_as_they_came
from hearth.loading.batch_content import Landed, record_content, record_contract
from hearth.loading.batch_load import BatchLoad
from hearth.loading.erasure import WouldErase
from hearth.loading.self_register import self_register
from hearth.loading.settle import Provenance, keep_known_keys, remember_replayed, replace_interval, settle_duplicates, write_ledger
from hearth.loading.validation_record import record_validation
from hearth.sources.ask import ask_source
from hearth.sources.pull import deliveries
from hearth.validation.batch import BatchValidation, GateVerdict, gate
from hearth.validation.suites import Suite
from hearth.warehouse import ledger
from hearth.warehouse.people import known_names

log = logging.getLogger(__name__)
RECORDS_AT_ONCE = 50_000


class BatchHeld(RuntimeError):
    """The batch waits for a person and raw is as it was: too few of its rows are fit, or it would erase what stands."""


def pull_and_land(contract: Contract, interval: Interval, run_id: str) -> int:
    """Pull one feed for one interval into the landing store; returns the ledger's pull_id.

    Files that appeared late in intervals pulled before are taken as well, each by a pull of its own interval.
    """
    with ledger.recorded_step(run_id, contract.feed, "pull_and_land") as facts:
        facts.update(interval_start=interval.start.isoformat(), interval_end=interval.end.isoformat())
        ledger.refuse_partial_overlap(contract.feed, interval)
        landing = Landing(LandingStore(), contract, run_id)
        asked = with_devices(contract)
        own = _landed(landing, asked, interval, facts)
        late = complete(landing, interval)
        pulls = ledger.record_pulls(own, late.pulls)
        for pull_id, landed in zip(pulls, [own, *(completed for completed, _, _ in late.pulls)], strict=True):
            ledger.record_answer(pull_id, ask_source(asked, landed.interval))
        facts.update(pull_id=pulls[0], files=len(own.files), size_bytes=sum(f.size_bytes for f in own.files), **late.facts)
        return pulls[0]


def _landed(landing: Landing, asked: Contract, interval: Interval, facts: dict[str, Any]) -> LandedPull:
    if not isinstance(asked.source, MqttSource):
        return landing.land(interval, deliveries(asked, interval))
    landed, told = land_received(landing, asked.source, interval)
    facts.update(told)
    return landed


def clean_validate_load(contract: Contract, pull_id: int, run_id: str) -> dict[str, Any]:
    """One pull into raw, quarantine and ledger, and after it those that late files seen at it completed.

    Returns the counts of the pull's own batch. Raises what `_load_pull` raises; the other pulls are loaded all the same.
    """
    counts, failed = {}, None
    for each in (pull_id, *ledger.completed_by(pull_id)):
        try:
            counts[each] = _load_pull(contract, each, run_id)
        except (BatchHeld, UnreadableFile, ledger.PartialOverlap) as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return counts[pull_id]


def _load_pull(contract: Contract, pull_id: int, run_id: str) -> dict[str, Any]:
    """Landing files of one pull into raw, quarantine and ledger. Returns the batch's counts.

    All counts are 0 when a newer pull of the interval is there: then nothing is changed. Raises BatchHeld when the gate stops
    the batch (recorded, with every row in quarantine) or when it would erase what stands (recorded as a hold, until a person
    decides), PartialOverlap when a newer one lies in a part of the interval.
    """
    pull = ledger.find_pull(pull_id)
    suite_hash = Suite(contract.suite_name).content_hash
    provenance = Provenance(run_id, pull_id, contract.content_hash, suite_hash)
    with ledger.recorded_step(run_id, contract.feed, "clean_validate_load") as facts:
        ledger.keep_contract(contract)
        try:
            status, counts = _load_once(contract, pull, provenance, facts)
        except (ledger.OutdatedPull, holds.RefusedPull) as nothing_to_do:
            facts.update(message=str(nothing_to_do), outcome="skipped")
            return asdict(Counts())
        except WouldErase as found:
            held = holds.keep(pull, run_id, found)
            facts.update(message=held, outcome="held")
        else:
            held = _held_by_the_gate(pull, counts) if status == "held" else ""
            facts.update(counts, outcome="held" if held else "succeeded")
    if held:
        raise BatchHeld(held)
    return counts


def _load_once(contract: Contract, pull: ledger.Pull, provenance: Provenance, facts: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """Load the pull unless it is loaded by the same contract and suite already. Returns (status, counts)."""
    done = ledger.loaded_batch(pull.pull_id, provenance.contract_hash, provenance.suite_hash)
    if done is not None:
        facts["message"] = "this pull was loaded before by the same contract and suite; nothing to do"
        return done[1], done[2]
    holds.refuse_refused(pull.pull_id)
    landed = Landed(contract.reconcile.sums if contract.reconcile else [])
    return load_batch(contract, pull, provenance, lambda pseudonyms: pulled_rows(contract, pull, pseudonyms, landed), landed)


def _held_by_the_gate(pull: ledger.Pull, counts: dict[str, int]) -> str:
    return (
        f"{pull.feed}: the gate held {counts['rows_read']} rows of {pull.interval}: too few would be accepted. They wait"
        " in quarantine as batch_held; see `hearth quarantine list`, correct the contract or the source, then replay."
    )


def landed_files(contract: Contract, pull: ledger.Pull, store: LandingStore) -> Iterator[tuple[LandedFile, str]]:
    """(file, path in the store) of a pull, from its manifest."""
    with (store.root / pull.manifest).open("rb") as file:
        manifest = json.load(file)
    for entry in manifest["files"]:
        delivered = datetime.fromisoformat(entry["delivered_at"]) if entry["delivered_at"] else None
        yield (
            LandedFile(
                pull.file_ids[entry["ordinal"]],
                entry["source_name"],
                entry["sha256"],
                delivered,
                entry["format_kind"],
                entry["compression"],
            ),
            entry["stored_as"],
        )


Chunks = Iterator[Rows]
MakeRows = Callable[[Pseudonyms], Chunks]


def pulled_rows(contract: Contract, pull: ledger.Pull, pseudonyms: Pseudonyms, landed: Landed | None = None) -> Chunks:
    """All canonical rows of a pull, chunk by chunk; `landed` counts the records they come from."""
    doubled_hour = DoubledHour()
    chunks = ahead(gathered(pulled_records(contract, pull), RECORDS_AT_ONCE))
    for records in by_key(contract, landed.counted(chunks) if landed else chunks):
        rows = clean(contract, records, pseudonyms, doubled_hour)
        rows.bits |= _arrived_outside(rows, pull.interval)
        yield rows


def _arrived_outside(rows: Rows, interval: Interval) -> Bits:
    """Rows the source gave although they belong to another interval: a row is loaded by the one it arrived in, once."""
    micros, null = to_micros(rows.frame["arrived_at"])
    start, end = (round(edge.timestamp() * 1_000_000) for edge in (interval.start, interval.end))
    return np.where(~null & ((micros < start) | (micros >= end)), BIT["arrived_outside_interval"], 0).astype(np.int32)


def pulled_records(contract: Contract, pull: ledger.Pull, only: Collection[int] | None = None) -> Iterator[Records]:
    """The records of the landing files of a pull, or of those with these file_ids.

    Raises FileNotFoundError or ValueError for a file that is not what came.
    """
    store = LandingStore()
    for file, stored_as in landed_files(contract, pull, store):
        if only is not None and file.file_id not in only:
            continue
        with store.open(stored_as, file.sha256) as stream:
            yield from read_records(contract, file, stream)


def _as_came(contract: Contract, pull: ledger.Pull, only: Collection[int]) -> Iterator[Records]:
    """The same, each a whole row: of one whose lines stand in several pages, all of them are read."""
    return by_key(contract, pulled_records(contract, pull, None if contract.measures else only))


def load_batch(
    contract: Contract, pull: ledger.Pull, provenance: Any, make_rows: MakeRows, landed: Landed | None = None
) -> tuple[str, dict[str, int]]:
    """Validate and load the rows; a batch the gate stops is loaded again as held. Returns (status, counts)."""
    with _filled(contract, pull, make_rows) as (load, validation):
        settle_duplicates(load)
        verdict = gate(contract, load.counts, pull.interval.end.date(), load.left_out)
        if verdict.severity != "critical":
            keep_as_they_came(load, partial(_as_came, contract, pull))
            return "loaded", _finish(load, validation, provenance, verdict, landed=landed)
    with _filled(contract, pull, make_rows, hold=True) as (load, validation):
        return "held", _finish(load, validation, provenance, verdict, held=True, landed=landed)


def replay_batch(contract: Contract, pull: ledger.Pull, provenance: Any, make_rows: MakeRows) -> dict[str, int]:
    """Load those of the rows that pass today; writes nothing when none does."""
    with _filled(contract, pull, make_rows) as (load, validation):
        remember_replayed(load)
        settle_duplicates(load)
        keep_known_keys(load)
        if load.counts.rows_read == load.counts.rows_quarantined:
            return asdict(load.counts)
        keep_as_they_came(load, partial(_as_came, contract, pull))
        return _finish(load, validation, provenance, gate(contract, load.counts, pull.interval.end.date(), load.left_out))


@contextmanager
def _filled(
    contract: Contract, pull: ledger.Pull, make_rows: MakeRows, hold: bool = False
) -> Iterator[tuple[BatchLoad, BatchValidation]]:
    """A load with all rows of the batch in its side tables; rolled back unless finished."""
    pseudonyms = Pseudonyms(known_names=known_names)
    with BatchLoad(contract, pull.interval, place_time_zone()) as load:
        validation = BatchValidation(contract)
        for rows in make_rows(pseudonyms):
            bits = validation.validate(rows)
            if hold:
                bits = bits | BIT["batch_held"]
            good = bits == 0
            bad = np.flatnonzero(~good)
            load.counts.rows_read += len(rows)
            load.counts.rows_quarantined += len(bad)
            load.left_out += rows.left_out(good)
            if rows.no_record and contract.no_record and not hold:
                load.no_record[contract.no_record.column] += rows.no_record
            load.accept(rows.frame, good)
            validation.out_of_order.add(rows.frame, good)
            if rows.named is not None and good.any():
                load.remember_named(_newly_named(rows, good))
            records = masked_records(contract, rows, bad, pseudonyms)
            load.refuse(rows.frame.iloc[bad], bits[bad].tolist(), records)
            load.remember_personal(pseudonyms.take_seen())
        load.whole()
        yield load, validation


def _finish(
    load: BatchLoad,
    validation: BatchValidation,
    provenance: Any,
    verdict: GateVerdict,
    held: bool = False,
    landed: Landed | None = None,
) -> dict[str, int]:
    replace_interval(load, provenance, held)
    write_ledger(load, provenance, held, verdict.message if verdict.severity else None, validation.out_of_order.days)
    record_contract(load)
    record_content(load, landed, held)
    if isinstance(load.contract.points, SelfRegistering):
        self_register(load)
    record_validation(load, validation, provenance, verdict)
    load.commit()
    return asdict(load.counts)


def _newly_named(rows: Rows, good: np.ndarray) -> pd.DataFrame:
    """What the accepted rows of a chunk say of their points, each point once."""
    assert rows.named is not None
    points = rows.frame["point_id"][good].reset_index(drop=True)
    return rows.named[good].reset_index(drop=True).assign(point_id=points).drop_duplicates("point_id").dropna(subset=["point_id"])
