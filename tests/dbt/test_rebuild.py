"""Whatever arrives in whatever order, built piece by piece: the same rows as a full build of everything."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.company import differing

FIRST = date(2015, 10, 17)
Row = dict[str, Any]


def register(rng: random.Random) -> dict[str, list[Row]]:
    """Two branches, three stations, a few dozen homes, and points of every kind with a story."""
    since = date(2015, 5, 1)
    stations = [
        {"station_id": f"STATION-{s}", "valid_from": since, "branch_id": f"BRANCH-{s % 2}", "plant_id": f"PLANT-{s}"}
        for s in range(3)
    ]
    communities = [{"community_id": f"COMM-{c}", "valid_from": since, "branch_id": "BRANCH-0"} for c in range(3)]
    buildings = [
        {
            "building_id": f"BLD-{b}", "valid_from": since, "station_id": f"STATION-{b % 3}", "community_id": f"COMM-{b % 2}",
            "network_position": ("near", "middle", "far")[b // 2], "system_id": f"SYSTEM-{b % 3}-1",
        }
        for b in range(6)
    ]  # fmt: skip
    households = [
        {
            "household_id": f"H{h}", "valid_from": since, "building_id": f"BLD-{h % 6}", "heated_area_m2": 50.0 + h / 3,
            "customer_kind": "enterprise" if h == 7 else "resident", "flat_position": ("top", "middle", "corner")[h % 3],
        }
        for h in range(36)
    ]  # fmt: skip
    remote = [
        {
            "point_id": f"R{p}", "valid_from": since, "point_kind": "remote", "household_id": f"H{p if p else 1}",
            "room_type": "kitchen" if p == 5 else "bedroom", "expected_interval_minutes": 30 if p == 2 else 60,
            "resolution_degc": 1.0 if p == 3 else 0.1,
        }
        for p in range(9)
    ]  # fmt: skip
    manual = [
        {"point_id": f"F{p}", "valid_from": since, "point_kind": "fixed", "household_id": f"H{3 * p}", "room_type": "living_room"}
        for p in range(12)
    ]
    suspended = [{"household_id": "H4", "suspended_from": FIRST + timedelta(days=6), "suspended_to": FIRST + timedelta(days=9)}]
    return {
        "station": stations, "community": communities, "building": buildings, "household": households,
        "measuring_point": remote + manual, "household_suspension": suspended,
    }  # fmt: skip


def changes() -> list[tuple[str, list[Row]]]:
    """The register learns: a home moves to another station's building, a device moves, a point ends, a home is suspended."""
    day = FIRST + timedelta(days=12)
    return [
        ("household", [{"household_id": "H2", "valid_from": day, "building_id": "BLD-0", "customer_kind": "resident",
                        "flat_position": "top", "heated_area_m2": 80.0}]),
        ("measuring_point", [{"point_id": "R4", "valid_from": day, "point_kind": "remote", "household_id": "H20",
                              "room_type": "bedroom", "expected_interval_minutes": 120, "resolution_degc": 0.1}]),
        ("measuring_point", [{"point_id": "R6", "valid_from": date(2015, 5, 1), "point_kind": "remote", "household_id": "H6",
                              "room_type": "bedroom", "expected_interval_minutes": 60, "resolution_degc": 0.1,
                              "valid_to": day, "source_version": 1}]),
        ("household_suspension", [{"household_id": "H8", "suspended_from": day - timedelta(days=3), "suspended_to": None}]),
        ("station", [{"station_id": "STATION-2", "valid_from": day + timedelta(days=2), "branch_id": "BRANCH-1"}]),
        ("building", [{"building_id": "BLD-5", "valid_from": day, "station_id": "STATION-0", "community_id": "COMM-2",
                       "network_position": "near"}]),
    ]  # fmt: skip


def readings(company, rng: random.Random, days: int) -> list[Row]:
    """Hourly series with spikes, open windows, steady spells, silences and replays; tests by people now and then."""
    rows: list[Row] = []
    for p in range(9):
        instant = company.at(FIRST) + timedelta(minutes=rng.randrange(60))
        step = timedelta(minutes=30 if p == 2 else 60)
        steady, value = 0, 18.0 + p * 0.4
        while instant < company.at(FIRST + timedelta(days=days)):
            if rng.random() < 0.012:
                instant += timedelta(hours=rng.choice([3, 11, 14, 30]))
            if rng.random() < 0.02:
                steady = rng.randrange(8, 40)
            value = value if steady > 0 else 18.0 + p * 0.4 + rng.uniform(-0.8, 0.8)
            steady -= 1
            shown = value + (14.0 if rng.random() < 0.01 else 0.0) - (3.0 if rng.random() < 0.02 else 0.0)
            rows.append({"point_id": f"R{p}", "read_at": instant, "temperature_degc": round(shown, 1)})
            if rng.random() < 0.02:
                rows.append({**rows[-1], "is_replay": True, "temperature_degc": round(shown + 1, 1),
                             "arrived_at": instant + timedelta(days=3)})  # fmt: skip
            instant += step
    for p in range(12):
        for day in rng.sample(range(days), 9):
            read_at = company.at(FIRST + timedelta(days=day), f"{rng.randrange(24)}:{rng.randrange(60)}")
            rows.append({"point_id": f"F{p}", "read_at": read_at, "temperature_degc": round(rng.uniform(17, 22), 1)})
    return rows


def next_season(company, rng: random.Random) -> list[Row]:
    """A few days of the season after, so that there is something to compare with the same season days before."""
    start = company.at("2016-10-20")
    return [
        {"point_id": f"R{p}", "read_at": start + timedelta(hours=h, minutes=7), "temperature_degc": round(rng.uniform(17, 21), 1)}
        for p in (1, 2, 3)
        for h in range(96)
    ]


def weather(company, rng: random.Random, days: int) -> list[Row]:
    return [
        {
            "weather_station_id": "54161", "observed_at": company.at(FIRST) + timedelta(hours=h), "period_minutes": 60,
            "temperature_degc": -21.6 + rng.uniform(-1, 1) + (h // 24) % 3,
        }
        for h in range(24 * days)
    ]  # fmt: skip


def systems(company, rng: random.Random, days: int) -> list[Row]:
    """Hourly readings of heating systems, some every ten minutes; counters begin anew, channels are changed over or left out."""
    rows: list[Row] = []
    leaks_from = company.at(FIRST) + timedelta(days=19)
    for s in range(3):
        gj, instant = 1000.0 * s, company.at(FIRST)
        while instant < company.at(FIRST + timedelta(days=days)):
            gj = 0.0 if rng.random() < 0.004 else round(gj + rng.uniform(0, 12), 1)
            supply, back = round(rng.uniform(44, 52), 1), round(rng.uniform(33, 40), 1)
            swapped = rng.random() < 0.02 or (s == 1 and timedelta(days=3) <= instant - company.at(FIRST) < timedelta(days=4.6))
            rows.append({
                "system_id": f"SYSTEM-{s}-1", "station_id": f"STATION-{s}", "read_at": instant,
                "primary_supply_degc": round(rng.uniform(75, 85), 1), "primary_return_degc": round(rng.uniform(45, 50), 1),
                "secondary_supply_degc": back if swapped else supply, "secondary_return_degc": supply if swapped else back,
                "secondary_return_mpa": round(rng.uniform(0.29, 0.31), 3), "flow_m3_h": round(rng.uniform(80, 90), 1),
                "heat_counter_gj": gj - 50 if rng.random() < 0.01 and gj > 900 else gj, "valve_percent": 40.0,
                # Every system leaks in the last days, so that one of them has a whole last day.
                "make_up_m3_h": round(rng.uniform(0.3, 0.5), 2) + (3.0 if instant > leaks_from else 0.0),
            })  # fmt: skip
            if len(rows) % 9 == 4:
                rows[-1] |= {"secondary_supply_degc": None, "left_out": "secondary_supply_degc:error_code,flow_m3_h:out_of_range"}
            if rng.random() < 0.02:
                rows.append({**rows[-1], "is_replay": True, "arrived_at": instant + timedelta(days=2)})
            if rng.random() < 0.01:
                instant += timedelta(hours=rng.choice([3, 11, 30]))
            instant += timedelta(minutes=10 if rng.random() < 0.1 else 60)
    return rows


def sources(company, rng: random.Random, days: int) -> list[Row]:
    """Two plants and the line between them, by the hour; one stands still for a day."""
    rows: list[Row] = []
    for h in range(24 * days):
        for source in ("PLANT-0", "PLANT-1", "TIE-01"):
            is_line, still = source == "TIE-01", source == "PLANT-1" and 200 <= h < 224
            flow = rng.uniform(-20, 20) if is_line else 0.0 if still else rng.uniform(100, 200)
            rows.append({
                "source_id": source, "source_kind": "tie" if is_line else "plant",
                "read_at": company.at(FIRST) + timedelta(hours=h),
                "from_plant_id": "PLANT-0" if is_line else None, "to_plant_id": "PLANT-1" if is_line else None,
                "supply_degc": round(rng.uniform(95, 99), 1), "return_degc": round(rng.uniform(45, 50), 1),
                "flow_m3_h": round(flow, 1), "state": "outage" if still else "running",
            })  # fmt: skip
    return rows


def heat_meters(company, rng: random.Random, days: int) -> list[Row]:
    """A building's meter and those of two homes, some silent for days, lying, or begun anew."""
    rows: list[Row] = []
    for m in range(3):
        gj, m3 = 100.0 * m, 1000.0
        for half in range(2 * days):
            gj, m3 = (0.0, 0.0) if rng.random() < 0.01 else (round(gj + rng.uniform(0, 0.4), 3), round(m3 + rng.uniform(0.1, 9), 2))
            if half % 14 < 10 or m == 1:
                rows.append({
                    "meter_id": f"M{m}", "building_id": f"BLD-{m}", "household_id": f"H{m}" if m else None,
                    "read_at": company.at(FIRST) + timedelta(hours=12 * half + 6), "volume_counter_m3": m3,
                    "heat_counter_gj": 0.0 if rng.random() < 0.03 else gj,
                    "supply_counter_m3_degc": round(m3 * 45, 1) if m != 2 else None,
                    "return_counter_m3_degc": round(m3 * 36, 1) if m != 2 else None, "flow_m3_h": round(rng.uniform(0, 2), 3),
                    "supply_degc": 45.0, "return_degc": round(rng.uniform(30, 40), 1),
                })  # fmt: skip
    return rows


def forecasts(company, rng: random.Random, days: int) -> list[Row]:
    return [
        {
            "weather_station_id": "54161", "issued_at": company.at(FIRST + timedelta(days=d), "06:00"),
            "forecast_date": FIRST + timedelta(days=d + lead), "mean_degc": round(rng.uniform(-22, -18), 1),
        }
        for d in range(days)
        for lead in (1, 2, 3)
    ]  # fmt: skip


def tickets(company, rng: random.Random, days: int) -> list[Row]:
    rows: list[Row] = []
    for n in range(60):
        line = rng.choice(["963963", "12345", "12319"])
        start = company.at(FIRST) if n < 50 else company.at("2016-10-20")
        created = start + timedelta(minutes=rng.randrange((days if n < 50 else 4) * 1440))
        row = {
            "line": line, "ticket_no": f"{line}-{n}", "kind": rng.choice(["complaint", "complaint", "repair"]),
            "category": rng.choice(["room_cold", "leak"]), "created_at": created, "is_user_fault": rng.random() < 0.2,
            "household_id": f"H{rng.randrange(12)}" if rng.random() < 0.8 else None,
            "related_ticket_no": f"963963-{rng.randrange(60)}" if rng.random() < 0.3 else None,
        }  # fmt: skip
        rows.append(row)
        if rng.random() < 0.3:
            rows.append({**row, "source_version": 1, "created_at": created - timedelta(hours=rng.randrange(48)),
                         "kind": rng.choice(["complaint", "consultation"])})  # fmt: skip
    return rows


def renewal(rng: random.Random) -> list[Row]:
    rows = []
    for project in range(5):
        done = 0.0
        for week in range(10):
            done += rng.uniform(0, 30)
            rows.append({
                "project_id": f"P{project}", "season": "2015-16", "branch_id": f"BRANCH-{project % 2}",
                "station_id": f"STATION-{project % 3}", "network_level": ("primary", "secondary")[project % 2],
                "work_type": "new_build" if project == 4 else "renewal", "progress_date": date(2015, 9, 1) + timedelta(weeks=week),
                "planned_length_m": None if project == 3 else 200.0, "renewed_length_m": done, "spent_cny": done * 100,
                "planned_start_date": date(2015, 8, 1), "planned_end_date": date(2015, 10, 30),
            })  # fmt: skip
    return rows


def pipes(company) -> list[Row]:
    """Three full exports: a segment gone, one added, one longer."""
    exports = [company.at(day, "12:00") for day in ("2015-09-01", "2015-11-01", "2016-09-01")]
    return [
        {"segment_no": f"SEG-{n}", "length_m": 10.0 + n + (n == 2) * number, "material": "steel", "arrived_at": arrived}
        for number, arrived in enumerate(exports)
        for n in range(number, 6 + number)
    ]


def pieces(company, rng: random.Random, days: int) -> list[tuple[str, list[Row]]]:
    """Everything but the register, cut into parcels in no order at all."""
    parcels: list[tuple[str, list[Row]]] = []
    for entity, rows in (
        ("room_reading", readings(company, rng, days) + next_season(company, rng)),
        ("outdoor_reading", weather(company, rng, days)),
        ("heat_meter_reading", heat_meters(company, rng, days)),
        ("outdoor_forecast", forecasts(company, rng, days)),
        ("station_reading", systems(company, rng, days)),
        ("source_reading", sources(company, rng, days)),
        ("service_ticket", tickets(company, rng, days)),
        ("renewal_progress", renewal(rng)),
        ("pipe_segment", pipes(company)),
    ):
        shuffled = rng.sample(rows, len(rows))
        # Mostly one day's rows together, a tenth of them late.
        late = shuffled[: len(rows) // 10]
        parcels.append((entity, late))
        rest = sorted(shuffled[len(rows) // 10 :], key=lambda row: str(row.get("read_at") or row.get("observed_at") or row))
        size = max(1, len(rest) // 5)
        parcels += [(entity, rest[i : i + size]) for i in range(0, len(rest), size)]
    parcels += changes()
    rng.shuffle(parcels)
    return parcels


def incremental_tables(models: dict[str, Any]) -> list[str]:
    """Tables that follow changed days; the others are made anew by every build."""
    return sorted(f"{n['schema']}.{n['name']}" for n in models.values() if n["config"]["materialized"] == "incremental")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.servers)])
@pytest.mark.fault("F14", "F44")
def test_pieces_in_any_order_give_what_a_full_build_gives(company, models, seed):
    rng = random.Random(seed)
    company.empty()
    for entity, rows in register(rng).items():
        company.load(entity, rows)
    parcels = pieces(company, rng, days=24)
    batches: list[tuple[int, str, list[Row]]] = []
    company.dbt("build", "--select", "resource_type:seed", full=True)
    at_once = 25 if seed == 1 else 15  # each is a build
    for number, part in enumerate(range(0, len(parcels), at_once)):
        for entity, rows in parcels[part : part + at_once]:
            batches.append((company.load(entity, rows, feed=f"{entity}_{len(batches)}"), entity, rows))
        if number == 1:
            # The source takes rows back: a batch is pulled again and comes with fewer.
            batch, entity, rows = next(b for b in batches if b[1] == "room_reading")
            company.replace(batch, entity, rows[::2], feed=f"{entity}_again")
        company.dbt("run", full=number == 0)
    piecewise = company.marts()
    company.dbt("run", full=True)
    whole = company.marts()
    assert [name for name in incremental_tables(models) if not whole[name]] == [], "each of them has something to compare"
    assert differing(piecewise, whole) == {}


@pytest.mark.fault("F41")
def test_late_rows_change_their_day_and_what_follows_and_nothing_else(company):
    """A late visit in a closed day: that day's values, to-date values from it on, and the station it belongs to."""
    rng = random.Random(4)
    company.empty()
    for entity, rows in register(rng).items():
        company.load(entity, rows)
    for entity, rows in (("room_reading", readings(company, rng, 20)), ("outdoor_reading", weather(company, rng, 20))):
        company.load(entity, rows)
    company.dbt("build", "--select", "resource_type:seed", full=True)
    built = ("+room_compliance",)
    company.dbt("run", full=True, around=built)
    keys = "season, heating_date, period, unit_kind, unit_id, point_kind"
    before = {row[:6]: row[6:] for row in company.rows(f"select {keys}, r.* from candidate.room_compliance r")}
    day = FIRST + timedelta(days=8)
    company.load("room_reading", [{"point_id": "F3", "read_at": company.at(day, "23:59"), "temperature_degc": 11.0}])
    company.dbt("run", around=built)
    after = {row[:6]: row[6:] for row in company.rows(f"select {keys}, r.* from candidate.room_compliance r")}
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed
    assert {key[1] for key in changed if key[2] == "day"} == {day}
    assert min(key[1] for key in changed) == day
    assert {key[5] for key in changed} == {"all", "fixed"}
    assert {key[4] for key in changed if key[3] == "station"} <= {"STATION-1", "STATION-0"}
