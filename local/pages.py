"""Serve the folder of pages (brief, quality report, documents and the others) on 127.0.0.1: `python -m local.pages FOLDER PORT`."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hearth.reports.front_door import index_page
from local.postgres import HOST


class Handler(SimpleHTTPRequestHandler):
    """Files of one folder; pages are rewritten by runs, so nothing is kept by the browser."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(index_page(), encoding="utf-8")
    ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(folder))).serve_forever()


if __name__ == "__main__":
    main()
