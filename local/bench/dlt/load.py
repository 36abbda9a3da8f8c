"""Packets of remote points loaded by dlt: `python load.py WAY DESTINATION ADDRESS FILE` prints {seconds, rows, peak_mib}.

DESTINATION is `postgres` (ADDRESS: its URL) or `filesystem` (ADDRESS: a folder, for Parquet). Both ways make one row a reading, its
time told from that of its packet, as UTC. WAY:

- `arrow`, the fastest of what was tried: DuckDB reads and unnests the lines, dlt gets Arrow batches, writes them as Parquet and
  copies those by ADBC, two at a time. Slower: pyarrow's reader in DuckDB's place (half as fast), CSV copied (a quarter).
- `objects`: dlt's own `filesystem` source and `read_jsonl`, the packets unnested as Python objects (a tenth).

Runs in the environment that requirements.lock names, and imports nothing of Hearth.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_manager.dbapi  # noqa: F401  # dlt imports these three when it loads
import adbc_driver_postgresql  # noqa: F401
import dlt
import duckdb
import psycopg2  # noqa: F401
from dlt.sources.filesystem import filesystem, read_jsonl

ZONE = "Asia/Shanghai"
READINGS = f"""
select devId as point_id, received - to_minutes(cast(nth * "interval" as int)) as read_at, temps[nth + 1] as temperature_degc,
    bat as battery_v, hist as is_replay, received as arrived_at
from (
    select *, timezone('{ZONE}', recvTime) as received, unnest(range(len(temps))) as nth
    from read_json(?, format = 'newline_delimited', columns = {{
        devId: 'varchar', recvTime: 'timestamp', "interval": 'bigint', temps: 'double[]', bat: 'double', hist: 'bigint'
    }})
)
"""
BATCH_ROWS, FILE_ROWS, PACKETS = 500_000, 500_000, 10_000


def arrow(path: Path) -> Any:
    """Arrow batches of readings; in what order they stand is nobody's matter."""

    def batches() -> Iterator[Any]:
        with duckdb.connect() as database:
            database.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
            yield from database.sql(READINGS, params=[str(path)]).to_arrow_reader(BATCH_ROWS)

    return dlt.resource(batches, name="room_reading")


def objects(path: Path) -> Any:
    """Lists of readings as dictionaries."""

    @dlt.transformer(name="room_reading")
    def unnested(packets: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        yield [reading for packet in packets for reading in readings_of(packet)]

    return filesystem(bucket_url=str(path.parent), file_glob=path.name) | read_jsonl(chunksize=PACKETS) | unnested


def readings_of(packet: dict[str, Any]) -> Iterator[dict[str, Any]]:
    received = datetime.fromisoformat(packet["recvTime"]).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    step = timedelta(minutes=packet["interval"])
    same = {"point_id": packet["devId"], "battery_v": packet["bat"], "is_replay": packet["hist"], "arrived_at": received}
    for nth, temperature in enumerate(packet["temps"]):
        yield {**same, "read_at": received - nth * step, "temperature_degc": temperature}


WAYS = {"arrow": arrow, "objects": objects}


def main(way: str, destination: str, address: str, path: str) -> None:
    dlt.config["load.workers"] = 2
    dlt.config["normalize.workers"] = 1 if way == "arrow" else 2  # Arrow is passed on as it is, by one process
    dlt.config["data_writer.file_max_items"] = FILE_ROWS
    with TemporaryDirectory(prefix="hearth-dlt-") as folder:
        begun = time.monotonic()
        target = getattr(dlt.destinations, destination)(address)
        pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination=target, dataset_name="bench")
        pipeline.run(WAYS[way](Path(path)), loader_file_format="parquet", write_disposition="append")
        seconds = time.monotonic() - begun
        with pipeline.sql_client() as client:
            rows = (client.execute_sql("select count(*) from room_reading") or [[0]])[0][0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_mib": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
