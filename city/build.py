"""Build a city into a folder: sources as files, what was planted, and the truth."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city import sheets, sql
from city.calendar import SPAN, Unasked, Window
from city.calibrations import calibration_rows, due_instruments, write_calibrations
from city.cases import Discontent, live_through
from city.forecast import forecast_items, forecast_rows
from city.heat_meters import heat_meter_rows, planted_of, sound_heat_meters, write_heat_meters
from city.http_items import visit_items, write_items, write_packets
from city.maintenance import work_order_table, work_orders
from city.manual import fixed_rounds, mobile_visits
from city.network import Network, build_network
from city.packets import REASON_NAMES
from city.people import PHONE_PREFIX
from city.pipes import first_segments, pipe_exports, renewed_in_summer
from city.planted import feed_counts, total
from city.points import Points, build_points
from city.registers import build_registers
from city.remote import RemoteFeed, build_remote
from city.renewal import plan_projects, renewal_log, renewed_stations
from city.rooms import Rooms
from city.size import size_of
from city.streams import Streams
from city.tangled import tangled_tickets
from city.telemetry.faults import fault_table
from city.telemetry.feed import DENSE_DAYS, Telemetry
from city.telemetry.sources import outage_hours, sound_sources, source_items, source_rows
from city.ticket_feeds import feed_versions, hotline_table, items_12345, rows_12319
from city.tickets import CATEGORY_NAMES, KIND_NAMES, RETURNED, TURNED_CONSULTATION, build_tickets
from city.truth import Observed, write_truth
from city.truth.works import write_cold_as_made, write_incident_truth, write_works_truth
from city.truth.write import write_answer
from city.weather import Weather, weather_items, weather_json
from city.works.build import Given, send_works

_WORK_TYPES = {"改造": "renewal", "新建": "new_build", "并网": "merging"}
Report = Callable[[str, float], None]


def build_city(
    out: Path,
    seed: int,
    scale: float,
    window: Window = SPAN,
    report: Report = lambda step, seconds: None,
    dense_days: int = DENSE_DAYS,
    unasked: tuple[Unasked, ...] = (),
) -> dict[str, Any]:
    """Build everything; returns the content of city.json. Systems are read every five minutes on the last `dense_days` days; the
    truth sees no ticket that arrives in what is `unasked`, and that of complaints does not know its days."""
    builder = _Builder(out, seed, scale, window, report, unasked)
    builder.prepare()
    builder.live()
    builder.send_readings()
    builder.send_telemetry(dense_days)
    builder.send_tickets()
    builder.send_works()
    builder.send_service_and_works()
    return builder.conclude()


class _Builder:
    """The steps of a build and what they hand on to each other."""

    def __init__(self, out: Path, seed: int, scale: float, window: Window, report: Report, unasked: tuple[Unasked, ...]) -> None:
        self.out, self.window, self.report, self.unasked = out, window, report, unasked
        self.seed, self.streams, self.size = seed, Streams(seed, scale), size_of(scale)
        self.planted: dict[str, Any] = {}
        self.shelf = sheets.Shelf(out / "files")
        self.began = time.monotonic()

    def _done(self, step: str) -> None:
        self.report(step, time.monotonic() - self.began)

    def prepare(self) -> None:
        for part in ("http", "files", "sql", "truth"):
            shutil.rmtree(self.out / part, ignore_errors=True)
        self.out.mkdir(parents=True, exist_ok=True)
        self.weather = Weather(self.streams)
        self.network: Network = build_network(self.size, self.streams)
        self.projects = plan_projects(self.network, self.streams)
        self.rooms = Rooms(self.network, self.weather, self.streams, renewed_stations(self.projects, self.network))
        self.points: dict[str, Points] = build_points(self.network, self.rooms, self.streams)
        self._done("network and rooms")
        self.registers = build_registers(self.network, self.points, self.streams, self.window)
        for name, frame in self.registers.items():
            sql.write_table(self.out / "sql", f"register.{name}", frame)
            feed = {
                "station_log": "stations",
                "community_log": "communities",
                "building_log": "buildings",
                "household_log": "households",
                "suspension_log": "suspensions",
                "point_log": "points",
            }[name]
            self.planted[f"register_{feed}"] = feed_counts(np.full(len(frame), ""), np.zeros(len(frame), dtype=bool))
        self._done("registers")

    def live(self) -> None:
        self.discontent: Discontent = live_through(self.rooms, self.streams)
        self._done("two winters lived through")

    def send_readings(self) -> None:
        http = self.out / "http"
        self.outdoor = weather_items(self.weather, self.streams, self.window)
        write_items(http / "weather", self.outdoor["arrival_s"].to_numpy(), weather_json(self.outdoor))
        self.planted["weather"] = feed_counts(self.outdoor["reason"], self.outdoor["duplicate"])
        self.forecasts = forecast_rows(self.weather, self.streams, self.window)
        write_items(http / "forecast", self.forecasts["arrival_s"].to_numpy(), forecast_items(self.forecasts))
        self.planted["forecast"] = feed_counts(self.forecasts["reason"], self.forecasts["duplicate"])
        self.fixed = fixed_rounds(self.rooms, self.points["fixed"], self.streams, self.window)
        self.mobile = mobile_visits(self.rooms, self.points["mobile"], self.streams, self.window)
        write_items(http / "mobile", self.mobile["arrival_s"].to_numpy(), visit_items(self.mobile))
        self.planted["mobile_visits"] = feed_counts(
            self.mobile["reason"], self.mobile["duplicate"], {"versions_2": int((self.mobile["version"] == 2).sum())}
        )
        self._done("rounds and visits")
        sheets.write_rounds(self.shelf, self.fixed, self.network, self.points["fixed"].room)
        for name, is_xlsx in (("fixed_rounds_xlsx", True), ("fixed_rounds_csv", False)):
            mine = self.fixed[self.fixed["is_xlsx"] == is_xlsx]
            files = mine[["arrival_s", "again"]].drop_duplicates()
            other = {
                "rows_sent_again": int(mine["again"].sum()),
                "files": len(files),
                "files_sent_again": int(files["again"].sum()),
            }
            self.planted[name] = feed_counts(mine["reason"], mine["duplicate"], other)
        self.calibrations = calibration_rows(self.points["remote"], self.streams, self.window)
        due = {"instruments_due_on_the_last_day": len(due_instruments(self.calibrations, self.window))}
        write_calibrations(self.shelf, self.calibrations)
        self.planted["calibrations"] = feed_counts(self.calibrations["reason"], self.calibrations["duplicate"], due)
        self._done("files of the rounds")
        self.remote: RemoteFeed = build_remote(self.rooms, self.points["remote"], self.streams, self.window)
        self.planted["remote_points"] = _remote_counts(self.remote)
        self._done("remote readings")
        write_packets(http / "remote", self.remote)
        self._done("remote packets")

    def send_telemetry(self, dense_days: int) -> None:
        self.telemetry = Telemetry(self.rooms, self.weather, self.streams, self.window, dense_days)
        self.telemetry.write(self.out / "http" / "stations")
        self.planted["station_readings"] = self.telemetry.planted()
        self.sources = source_rows(self.rooms, self.weather, self.streams, self.window)
        write_items(self.out / "http" / "sources", self.sources["arrival_s"].to_numpy(), source_items(self.sources))
        self.planted["source_readings"] = feed_counts(
            self.sources["reason"], self.sources["duplicate"], outage_hours(self.sources), self.sources["bad"]
        )
        self.heat_meters = heat_meter_rows(self.network, self.weather, self.rooms.grids, self.streams, self.window)
        write_heat_meters(self.shelf, self.heat_meters)
        self.planted["heat_meters"] = planted_of(self.heat_meters)
        self._done("readings of the heating systems, plants and heat meters")

    def send_tickets(self) -> None:
        tickets = build_tickets(self.network, self.discontent, self.streams, self.window)
        tangled = tangled_tickets(self.network, tickets, self.streams)
        self.tickets = feed_versions(tickets, tangled, self.network.household_ids, self.streams, self.window)
        hotline, line_12345, line_12319 = (self.tickets[f] for f in ("hotline_963963", "city_line_12345", "city_line_12319"))
        sql.write_table(self.out / "sql", "hotline.ticket_log", hotline_table(hotline, self.streams.rng("hotline", "seats")))
        write_items(self.out / "http" / "city_line_12345", line_12345["arrival_s"].to_numpy(), items_12345(line_12345))
        sheets.write_12319(self.shelf, rows_12319(line_12319), line_12319["arrival_s"].to_numpy())
        for feed, frame in self.tickets.items():
            edited = frame[(frame["version"] == 4) & (frame["edit"] == TURNED_CONSULTATION)]
            other = {
                "tickets": int(frame["ticket_no"].nunique()),
                "complaints_turned_consultation": len(edited),
                "tickets_with_cross_reference": int(frame.loc[frame["related_no"] != "", "ticket_no"].nunique()),
                "complaints_without_household": int(
                    frame.loc[(frame["household_no"] == "") & (frame["kind"] == "投诉"), "ticket_no"].nunique()
                ),
                "tickets_stamped_midnight": int(frame.loc[frame["stamped_s"] % 86_400 == 57_600, "ticket_no"].nunique()),
            }
            self.planted[feed] = feed_counts(frame["reason"], frame["duplicate"], other)
        for span in self.unasked:
            frame = self.tickets[span.feed]
            self.tickets[span.feed] = frame[~span.window.holds(frame["arrival_s"].to_numpy())]
        self._done("tickets")

    def send_works(self) -> None:
        whole = Window(SPAN.start, self.window.end)
        exports = pipe_exports(self.network, self.streams, whole)
        orders = work_orders(self.rooms, first_segments(exports), renewed_in_summer(exports), self.streams, self.window)
        sql.write_table(self.out / "sql", "maintenance.work_order_log", work_order_table(orders))
        self.orders, self.exports = orders, exports
        self.planted["maintenance_orders"] = feed_counts(orders["reason"], orders["duplicate"])
        self.renewal = renewal_log(self.projects, self.network, self.streams, whole)
        sheets.write_renewal(self.shelf, self.renewal)
        self.planted["renewal_log"] = feed_counts(
            self.renewal["reason"], self.renewal["duplicate"], {"rows_sent_again": int(self.renewal["again"].sum())}
        )
        sheets.write_pipes(self.shelf, exports)
        self.planted["pipe_register"] = total([feed_counts(f["reason"], f["duplicate"]) for _, f in exports])
        self._done("works")

    def send_service_and_works(self) -> None:
        given = Given(
            self.out, self.network, self.weather, self.rooms, self.discontent, self.tickets, self.streams, self.window, self.shelf
        )
        self.works = send_works(given)
        self.planted |= self.works.planted
        self._done("service and summer works")

    def conclude(self) -> dict[str, Any]:
        observed = self._observed()
        faults = fault_table(self.remote.faults + self.telemetry.fault_rows())
        del self.remote  # the observations hold what the truth needs of it
        answers = write_truth(observed, self.out / "truth")
        faults.to_csv(self.out / "truth" / "faults.csv", index=False)
        write_answer(due_instruments(self.calibrations, self.window), self.out / "truth" / "instruments_due.csv", "ended_on")
        observed.remote.clear()
        write_works_truth(observed, self.tickets, self.works, self.out / "truth")
        write_incident_truth(observed, self.orders, self.exports, self.works, self.out / "truth")
        write_cold_as_made(self.rooms, self.discontent.cold_share[0], self.out / "truth")
        self._done("truth")
        _write_json(self.out / "truth" / "true_state.json", self.discontent.true_state)
        by_day = pd.DataFrame(self.discontent.true_days, columns=["season", "day", "household_days", "warm_household_days"])
        write_answer(by_day, self.out / "truth" / "true_state_to_date.csv", "heating_date")
        late = {k: p.ids[p.late_registered].tolist() for k, p in self.points.items()}
        _write_json(self.out / "planted.json", {"feeds": dict(sorted(self.planted.items())), "late_registered_points": late})
        _write_json(self.out / "files.json", dict(sorted(self.shelf.delivered.items())))
        city = {
            "seed": self.seed,
            "scale": self.size.scale,
            "arrivals": {"start": self.window.start.isoformat(), "end": self.window.end.isoformat()},
            "counts": {k: v for k, v in self.size.__dict__.items() if k != "scale"},
            "personal_phone_prefix": PHONE_PREFIX,
            "rows": {feed: counts["rows_read"] for feed, counts in sorted(self.planted.items())},
            "truth_rows": {name: len(frame) for name, frame in answers.items()},
        }
        _write_json(self.out / "city.json", city)
        return city

    def _observed(self) -> Observed:
        readings = self.remote.readings
        sound = readings["reason"] == 0  # a packet that is sent again stands here once
        remote = {n: readings[n][sound] for n in ("device", "read_s", "tenths", "hist", "arrival_s", "excluded")}
        tests = pd.concat([self._tests("fixed", self.fixed), self._tests("mobile", self.mobile)], ignore_index=True)
        tickets = pd.concat(list(self.tickets.values()), ignore_index=True)
        tickets = tickets[(tickets["reason"] == "") & ~tickets["duplicate"]]
        renewal = self.renewal[(self.renewal["reason"] == "") & ~self.renewal["duplicate"]]
        outdoor = self.outdoor[(self.outdoor["reason"] == "") & ~self.outdoor["duplicate"]]
        return Observed(
            registers=self.registers,
            devices=self.remote.devices,
            remote=remote,
            tests=tests,
            tickets=pd.DataFrame(
                {
                    "line": tickets["line"],
                    "ticket_no": tickets["ticket_no"],
                    "version": tickets["version"],
                    "arrival_s": tickets["arrival_s"],
                    "kind": tickets["kind"].map(KIND_NAMES),
                    "category": tickets["category"].map(CATEGORY_NAMES),
                    "created_s": tickets["stamped_s"],
                    "household_id": tickets["household_no"],
                    "related_no": tickets["related_no"],
                    "returned": tickets["status"] == RETURNED,
                    "enterprise": tickets["enterprise"].astype(bool),
                }
            ),
            weather=outdoor[["observed_s", "arrival_s", "temp"]],
            renewal=renewal.assign(work_type=renewal["work_type"].map(_WORK_TYPES)),
            systems=self.telemetry.system_days(),
            sources=sound_sources(self.sources),
            heat_meters=sound_heat_meters(self.heat_meters),
            forecasts=self.forecasts[(self.forecasts["reason"] == "") & ~self.forecasts["duplicate"]],
            window=self.window,
            unasked=self.unasked,
        )

    def _tests(self, kind: str, frame: pd.DataFrame) -> pd.DataFrame:
        sound = frame[(frame["reason"] == "") & ~frame["duplicate"]]
        tests = sound[["read_s", "tenths", "version", "arrival_s"]]
        return tests.assign(point_id=self.points[kind].ids[sound["point"].to_numpy()])


def _remote_counts(feed: RemoteFeed) -> dict[str, Any]:
    """Counts of the remote feed; a packet that is sent twice adds its readings once more."""
    readings = feed.readings
    reason = readings["reason"]
    rejected = np.bincount(reason, minlength=len(REASON_NAMES))
    again = int(readings["repeated"].sum())
    return {
        "rows_read": len(reason) + again,
        "rows_duplicate": again,
        "quarantined_by_reason": {n: int(c) for n, c in sorted(zip(REASON_NAMES, rejected.tolist(), strict=True)) if n and c},
        "other": {
            **feed.planted,
            "packets": int(len(feed.packets["recv_s"]) + feed.packets["repeated"].sum()),
            "readings_excluded": int(readings["excluded"].sum()),
        },
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
