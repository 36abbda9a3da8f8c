"""Serve a folder of pages (Data Docs, dbt docs) on 127.0.0.1: `python -m local.pages FOLDER PORT`."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local.postgres import HOST

INDEX = """<!doctype html>
<meta charset="utf-8"><title>Hearth</title>
<h1>Hearth</h1>
<ul>
<li><a href="data-docs/index.html">Data Docs</a>: every validation of every batch</li>
<li><a href="dbt-docs/index.html">dbt docs</a>: every model, column and test</li>
<li><a href="docs/kpi-catalogue.html">KPI catalogue</a>: what every number means
(<a href="docs/kpi-catalogue.zh-CN.html">中文</a>)</li>
<li><a href="trace/index/index.html">Trace</a>: where the newest numbers come from</li>
</ul>
"""


class Handler(SimpleHTTPRequestHandler):
    """Files of one folder; pages are rewritten by runs, so nothing is kept by the browser."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(INDEX, encoding="utf-8")
    ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(folder))).serve_forever()


if __name__ == "__main__":
    main()
