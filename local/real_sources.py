"""Real files of another place as source systems: SFTP, read only, for the CSV files and HTTP for the tickets.

`python -m local.real_sources --folder FOLDER ...` serves what `arrange` has laid out, until SIGTERM. The files are
served byte for byte; the tickets are the lines of their CSV file as JSON objects, in pages.
"""

from __future__ import annotations

import asyncio
import csv
import hmac
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import click
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request

from city.serve import Keys, start_sftp
from local.instance import REPOSITORY, Instance, process_environment
from local.postgres import HOST
from local.processes import Service, ServiceFailed
from local.sources import _listens

SERVICE = "files"
TICKET_ZONE = ZoneInfo("America/New_York")
TICKET_TIME = "%m/%d/%Y %I:%M:%S %p"
TICKETS = "tickets/service_requests_2013_12_25.csv"
DELIVERED: Mapping[str, datetime] = {
    "rooms/heat_sensor_readings_2014_2015.csv": datetime(2015, 2, 23, 12, tzinfo=UTC),
    "rooms/outdoor_daily_mean_2010_2015.csv": datetime(2015, 6, 2, 12, tzinfo=UTC),
    "pipes/breaks.csv": datetime(2023, 1, 11, 12, tzinfo=UTC),
    "pipes/mains_extract_1.csv": datetime(2023, 2, 3, 12, tzinfo=UTC),
    "pipes/mains_extract_2.csv": datetime(2023, 5, 2, 12, tzinfo=UTC),
}
"""When each file counts as delivered. Nobody wrote it down: noon of the day after the newest date inside the file."""


class DataMissing(RuntimeError):
    """The folder does not hold the files; the message names them."""


def arrange(data: Path, folder: Path) -> None:
    """Copy the files to where they are served from, with their times of delivery. Raises DataMissing."""
    missing = [name for name in (*DELIVERED, TICKETS) if not (data / name).is_file()]
    if missing:
        raise DataMissing(f"{data}: expected {', '.join(missing)} in it; name the folder that holds rooms, tickets and pipes")
    for name in (*DELIVERED, TICKETS):
        target = folder / ("files" if name in DELIVERED else "") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / name, target)
        if name in DELIVERED:
            moment = DELIVERED[name].timestamp()
            os.utime(target, (moment, moment))


def connections(instance: Instance) -> dict[str, str]:
    """Airflow connections to the two servers; their ports must have been chosen."""
    return {
        "AIRFLOW_CONN_HEARTH_311": instance.http_connection(instance.port("city_http")),
        "AIRFLOW_CONN_HEARTH_FILES": instance.sftp_connection(instance.port("city_sftp")),
    }


def service(instance: Instance) -> Service:
    """Both servers in one process."""
    ports = [instance.port("city_http"), instance.port("city_sftp")]
    command = [sys.executable, "-m", "local.real_sources", "--folder", str(instance.city)]
    command += ["--http-port", str(ports[0]), "--sftp-port", str(ports[1]), "--token-file", str(instance.token_file)]
    command += ["--host-key", str(instance.host_key)]
    command += ["--authorized-key", str(instance.client_key.with_suffix(".pub"))]
    return Service(SERVICE, command, process_environment({}), ready=lambda: all(map(_listens, ports)), folder=REPOSITORY)


def read_tickets(path: Path) -> list[tuple[datetime, dict[str, str]]]:
    """(time of creation, the line with its own column names), oldest first, ties as in the file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    made = [(datetime.strptime(line["Created Date"], TICKET_TIME).replace(tzinfo=TICKET_ZONE), line) for line in lines]
    return sorted(made, key=lambda pair: pair[0])


def create_app(tickets: Path, token: str) -> FastAPI:
    """`GET /v1/311/tickets?created_from&created_to&limit&cursor`, behind a bearer token."""
    app = FastAPI(title="Tickets", docs_url=None, redoc_url=None, openapi_url=None)
    known = read_tickets(tickets)

    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "a bearer token is required", {"WWW-Authenticate": "Bearer"})

    @app.get("/v1/311/tickets", dependencies=[Depends(authorised)])
    def page(
        created_from: datetime, created_to: datetime, limit: Annotated[int, Query(ge=1, le=1000)] = 100, cursor: int = 0
    ) -> dict[str, Any]:
        chosen = [line for created, line in known if created_from <= created < created_to]
        end = cursor + limit
        return {"total": len(chosen), "items": chosen[cursor:end], "next": str(end) if end < len(chosen) else None}

    return app


async def serve(folder: Path, http_port: int, sftp_port: int, keys: Keys) -> None:
    """Serve until SIGTERM or SIGINT; prints one line of JSON when both servers answer."""
    listener = socket.create_server((HOST, http_port))
    app = create_app(folder / TICKETS, keys.token)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    sftp = await start_sftp(folder, HOST, sftp_port, keys)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ports = {"http_port": listener.getsockname()[1], "sftp_port": sftp.get_port()}
    print(json.dumps({"ready": True, **ports}), flush=True)
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    sftp.close()
    await serving
    await sftp.wait_closed()


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--http-port", type=int, default=0)
@click.option("--sftp-port", type=int, default=0)
@click.option("--token-file", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--host-key", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--authorized-key", type=click.Path(path_type=Path, exists=True), required=True)
def main(folder: Path, http_port: int, sftp_port: int, token_file: Path, host_key: Path, authorized_key: Path) -> None:
    """Serve the arranged files over SFTP and the tickets over HTTP."""
    try:
        asyncio.run(serve(folder, http_port, sftp_port, Keys(token_file.read_text().strip(), host_key, authorized_key)))
    except OSError as error:
        raise ServiceFailed(f"cannot serve {folder}: {error}") from error


if __name__ == "__main__":
    main()
