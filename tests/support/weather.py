"""A weather station of the tests' own: days of readings that come, fail to come, or come less."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from hearth.contracts.interval import Interval
from hearth.contracts.loading import find_contract
from hearth.intake import take_in
from tests.support.world import Warehouse

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2015, 11, 4, tzinfo=ZONE)
"""The first day the kept installation has no weather of."""

RAW = "select count(*) from raw.outdoor_reading where arrived_at >= %s and arrived_at < %s"


class Source:
    """A weather station over HTTP that answers with whatever `items` and `status` hold, page by page."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.status = 200
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = dict(parse_qsl(urlsplit(self.path).query))
                start = int(query.get("cursor", 0))
                end = start + int(query["limit"])
                following = end if end < len(source.items) else None
                answer = {"code": 0, "data": {"items": source.items[start:end], "next": following, "total": len(source.items)}}
                body = json.dumps(answer).encode()
                self.send_response(source.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


def hours(number: int, day: datetime = DAY) -> list[dict[str, Any]]:
    """A reading an hour, published ten minutes after it was taken."""
    times = [day + timedelta(hours=hour) for hour in range(number)]
    return [
        {"stationId": "W1", "obsTime": f"{at:%Y-%m-%d %H:%M:%S}", "pubTime": f"{at + timedelta(minutes=10):%Y-%m-%d %H:%M:%S}",
         "temp": -3.5}
        for at in times
    ]  # fmt: skip


def pull(start: datetime = DAY, days: int = 1) -> int:
    return take_in.pull_and_land(find_contract("weather"), Interval(start, start + timedelta(days=days)), "test")


def load(pull_id: int) -> dict[str, int]:
    return take_in.clean_validate_load(find_contract("weather"), pull_id, "test")


def stands(warehouse: Warehouse, start: datetime = DAY, days: int = 1) -> int:
    return int(warehouse.rows(RAW, start, start + timedelta(days=days))[0][0])
