"""What the run on real files found, read from its warehouse: rooms, tickets, pipes, and the dirt in the files.

Published figures are read with the reader's login. What stands behind them (single flats, single segments) is in the
layers before the marts and read with the transformer's.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg.rows import dict_row

from hearth.contracts.entities import ENTITIES
from hearth.lake import catalogue
from hearth.lake.engine import engine, show
from hearth.lake.files import Lake
from hearth.transform.engines.on_duckdb import DuckDbWords
from hearth.transform.texts import picked

ROOMS = """
select season, heating_date, readings, readings_ok, readings_percent, judged_household_days, complying_household_days,
       percent, interval_low_percent, interval_high_percent, measured_households, served_households, percent_normal_weather
from marts.room_compliance
where unit_kind = 'company' and point_kind = 'all' and period = 'to_date'
order by heating_date desc limit 1
"""
FLATS = """
select p.household_id as flat, p.branch_id as borough, sum(p.readings)::int as readings,
       sum(p.readings_ok)::int as readings_ok,
       sum(p.readings_ok)::float8 / nullif(sum(p.readings), 0) as share,
       sum(p.readings_stuck)::int as readings_stuck,
       count(*) filter (where p.is_judged)::int as judged_days,
       count(*) filter (where p.complies)::int as complying_days,
       count(*) filter (where p.readings > 0 and not p.is_judged)::int as days_too_few_readings
from intermediate.int_point_day as p
where p.season is not null
group by 1, 2
having sum(p.readings) > 0
order by share, flat
"""
OWN_RULE = """
with reading as (
    select cast(r.read_at at time zone place.time_zone as date) as heating_date, place.jurisdiction,
           extract(hour from r.read_at at time zone place.time_zone) as hour,
           round(cast(r.temperature_degc * 9 / 5 + 32 as numeric), 6) as degf
    from room_reading as r
    cross join staging.stg_place as place
),
ruled as (
    select s.period, r.degf >= s.indoor_min_degf as is_warm,
           s.outdoor_below_degf is null or o.outdoor_degc * 9 / 5 + 32 < s.outdoor_below_degf as applies
    from reading as r
    inner join reference.hourly_standard as s
        on r.jurisdiction = s.jurisdiction
        and r.heating_date between s.valid_from and coalesce(s.valid_to, cast('9999-12-31' as date))
        and case when s.from_hour < s.to_hour then r.hour >= s.from_hour and r.hour < s.to_hour
                 else r.hour >= s.from_hour or r.hour < s.to_hour end
    left join intermediate.int_outdoor_day as o on r.heating_date = o.heating_date
)
select coalesce(period, 'all') as period,
       count(*) filter (where applies)::int as readings,
       count(*) filter (where applies and is_warm)::int as readings_ok,
       count(*) filter (where applies and is_warm)::float8 / nullif(count(*) filter (where applies), 0) as share,
       count(*) filter (where not applies)::int as warm_outdoors,
       count(*) filter (where applies is null)::int as outdoors_unknown
from ruled
group by rollup (period)
order by period
"""
TICKETS = """
select coalesce(t.branch_id, 'not given') as borough, grouping(t.branch_id) = 1 as is_total, count(*)::int as tickets,
       count(distinct w.caller_address_hash)::int as addresses,
       count(*) filter (where t.status <> 'closed')::int as open_tickets,
       count(*) filter (where t.is_midnight_stamped)::int as midnight_stamped
from staging.stg_service_ticket as t
inner join raw.service_ticket as w on t.feed = w.feed and t.file_id = w.file_id and t.position = w.position
where t.kind = 'complaint'
group by grouping sets ((t.branch_id), ())
order by is_total, tickets desc, borough
"""
CASES = """
select unit_id as borough, cases, tickets, served_households, per_10000_households
from marts.complaint_rate
where period = 'to_date' and line = 'all' and category = 'all' and unit_kind in ('company', 'branch')
    and heating_date = (select max(heating_date) from marts.complaint_rate where season = %(season)s)
"""
EXPORTS = """
select exported_at, segments, length_m / 1000 as km
from marts.pipe_register_summary where network_level = 'all' and breakdown = 'all' order by 1
"""
CHANGES = """
select exported_at,
       count(*) filter (where change_kind = 'added')::int as added,
       coalesce(sum(length_m) filter (where change_kind = 'added'), 0) / 1000 as added_km,
       count(*) filter (where change_kind = 'removed')::int as gone,
       coalesce(sum(previous_length_m) filter (where change_kind = 'removed'), 0) / 1000 as gone_km,
       count(*) filter (where change_kind = 'changed' and length_change_m <> 0)::int as changed,
       coalesce(sum(length_change_m) filter (where change_kind = 'changed'), 0) / 1000 as changed_km
from marts.pipe_register_change group by 1 order by 1
"""
MATERIALS = """
select breakdown_value as material, length_m / 1000 as km
from marts.pipe_register_summary where network_level = 'all' and breakdown = 'material' and is_newest order by 2 desc
"""
RENEWAL = """
select sum(renewed_length_m) / 1000 as renewed_km, max(percent) as percent
from marts.renewal_progress where unit_kind = 'company'
"""
EXPORT_FILES = """
select f.stored_as from ledger.landing_file as f
inner join ledger.batch_current as b on f.pull_id = b.pull_id
where b.feed = 'pipe_register' order by f.delivered_at
"""
COUNTS = """
select (select count(*) from quarantine.row_open where feed = 'outdoor' and first_reason = 'out_of_range')::int
           as impossible_outdoor_days,
       (select count(*) from quarantine.row_open
        where feed = 'tickets_311' and first_reason = 'closed_before_created')::int as tickets_closed_before_created
"""
MIDNIGHT = """
select count(*) filter (where is_midnight_stamped)::int as tickets_stamped_midnight,
       count(*) filter (where is_midnight_stamped and kind = 'complaint')::int as heating_tickets_stamped_midnight
from staging.stg_service_ticket
"""
HOT = """
select count(*)::int as readings_at_85_degf from room_reading
where round(temperature_degc * 9 / 5 + 32) = 85
"""
TICKET_SEASON = "2013-14"
"""The season of the one day the tickets are of."""


def _bring_readings(inside: psycopg.Connection[Any]) -> None:
    """The picked readings of rooms as a temporary table `room_reading`: point_id, read_at, temperature_degc."""
    (zone,) = (row["time_zone"] for row in inside.execute("select time_zone from staging.stg_place"))
    always = (datetime(1901, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
    text = picked("room_reading", DuckDbWords(), ZoneInfo(zone), always, [])
    inside.execute("create temp table room_reading (point_id text, read_at timestamptz, temperature_degc double precision)")
    with engine() as database, inside.cursor().copy("copy room_reading from stdin (format csv)") as copy:
        with psycopg.connect(inside.info.dsn, password=inside.info.password) as ledger:
            show(database, ENTITIES["room_reading"], catalogue.current(ledger, "room_reading"), Lake())
        chosen = f"select point_id, read_at, temperature_degc from ({text}) as p where nth = 1"
        for batch in database.sql(chosen).to_arrow_reader(1 << 17):
            lines = io.BytesIO()
            pa_csv.write_csv(pa.Table.from_batches([batch]), lines, pa_csv.WriteOptions(include_header=False))
            copy.write(lines.getvalue())


def read(reader_url: str, transformer_url: str, landing: Path) -> dict[str, Any]:
    """All figures, ready for JSON. Raises psycopg.Error where a table is missing: nothing has been published yet."""
    with (
        psycopg.connect(reader_url, row_factory=dict_row) as reader,
        psycopg.connect(transformer_url, row_factory=dict_row) as inside,
    ):
        _bring_readings(inside)
        return {
            "rooms": _one(reader, ROOMS),
            "flats": inside.execute(FLATS).fetchall(),
            "own_rule": inside.execute(OWN_RULE).fetchall(),
            "tickets": _boroughs(reader, inside),
            "pipes": _pipes(reader),
            "dirt": {
                **_one(reader, COUNTS),
                **_one(inside, MIDNIGHT),
                **_one(inside, HOT),
                "keys_that_change": changing_keys([landing / row["stored_as"] for row in reader.execute(EXPORT_FILES)]),
            },
        }


def _one(connection: psycopg.Connection[dict[str, Any]], query: str, **values: Any) -> dict[str, Any]:
    return connection.execute(query, values or None).fetchone() or {}


def _boroughs(reader: psycopg.Connection[dict[str, Any]], inside: psycopg.Connection[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tickets as they came, beside the cases and rates that were published; the whole city last."""
    published = {row["borough"]: row for row in reader.execute(CASES, {"season": TICKET_SEASON})}
    rows = []
    for row in inside.execute(TICKETS):
        found = published.get("company" if row["is_total"] else row["borough"], {})
        names = ("cases", "served_households", "per_10000_households")
        rows.append({**row, **{name: found.get(name) for name in names}})
    return rows


def _pipes(reader: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    return {
        "exports": reader.execute(EXPORTS).fetchall(),
        "changes": reader.execute(CHANGES).fetchall(),
        "materials_km": {row["material"]: row["km"] for row in reader.execute(MATERIALS)},
        "renewal": _one(reader, RENEWAL),
    }


def changing_keys(files: list[Path]) -> dict[str, int]:
    """How many segments of two successive exports carry another identifier the second time, by column."""
    changed = {"GlobalID": 0, "OBJECTID": 0}
    before: dict[str, dict[str, str]] = {}
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as file:
            now = {line["WATMAINID"]: line for line in csv.DictReader(file)}
        for segment in now.keys() & before.keys():
            for column in changed:
                changed[column] += now[segment][column] != before[segment][column]
        before = now
    return changed
