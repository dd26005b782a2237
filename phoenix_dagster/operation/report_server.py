"""Serves reports to a browser on this machine, for links of the UI: browsers refuse to follow file:// ones.

A process of its own, which nothing but the path of a report reaches: no listing, no other file, no other
host's page. It ends when the process that started it does, as its standard input then closes.
"""

import argparse
import re
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer
from typing import Any

from phoenix_core.errors import PhoenixError
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake

_FOLDER = r"[0-9a-f]{12}/\d{4}-\d\d-\d\d(?:_\d{4}-\d\d-\d\d)?"
_PATH = re.compile(rf"/(backtests/{_FOLDER}/report\.html|sweeps/{_FOLDER}/(?:sweep|walk_forward)\.html)")
_AT_ONCE = 8
_TIMEOUT_SECONDS = 10
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A report is one file: it may draw, and fetch nothing.
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; frame-ancestors 'none'",
}


def url_of(port: int, file: str) -> str:
    """Address of a report, from its path below the data folder."""
    return f"http://127.0.0.1:{port}/{file}"


class _Handler(BaseHTTPRequestHandler):
    timeout = _TIMEOUT_SECONDS
    server: "ReportServer"

    def do_GET(self) -> None:
        """A report, or 404."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Its headers."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        # A page elsewhere may point a name of its own at 127.0.0.1: its requests carry that name.
        if self.headers.get("Host") not in self.server.hosts:
            self.send_error(421)
            return
        report = self.server.report(self.path.partition("?")[0])
        if report is None:
            self.send_error(404, "No such report")
            return
        self.send_response(200)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(report)))
        self.end_headers()
        if with_body:
            self.wfile.write(report)

    def log_message(self, *args: object) -> None:
        """Say nothing: the terminal is Dagster's."""


class ReportServer(ThreadingHTTPServer):
    """Reports of a data folder on 127.0.0.1, a few requests at once."""

    daemon_threads = True
    allow_reuse_address = True  # so that a restart needn't wait; Linux still refuses a port that is served

    def __init__(self, lake: Lake, port: int) -> None:
        self.lake = lake
        self._making = threading.Lock()  # one at a time: each takes a core and some hundred megabytes
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__(("127.0.0.1", port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    def report(self, path: str) -> bytes | None:
        """Page of a path, if it is a sweep's, or the report of a published result, made if it is not there yet."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        folder, _, page = match[1].rpartition("/")
        described = ("experiment", "portfolio") if page == "report.html" else ("sweep",)
        try:
            if not any(self.lake.stat(f"{folder}/{name}.json") for name in described):
                return None
            if page == "report.html" and not self.lake.stat(match[1]):
                self._make(folder, match[1])
            return self.lake.read(match[1])
        except (FileNotFoundError, PhoenixError):  # not there, damaged, or a link that leads out
            return None

    def _make(self, folder: str, page: str) -> None:
        """Make the report of a sweep's point, which has none until somebody looks at it."""
        from phoenix_core.report.folder import page_of  # noqa: PLC0415 - most servers are never asked for it
        from phoenix_core.report.portfolio import portfolio_page  # noqa: PLC0415 - likewise
        from phoenix_core.report.portfolio_result import is_portfolio  # noqa: PLC0415 - likewise

        with self._making:
            if not self.lake.stat(page):
                composed = portfolio_page if is_portfolio(self.lake, folder) else page_of
                self.lake.write(page, composed(self.lake, folder).encode())

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Take a request if one of the few slots is free; a browser asks again."""
        if self._slots.acquire(timeout=1):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - likewise
        """Give the slot back, whatever happened."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - likewise
        """Say nothing of a browser that went away; anything else is ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _when_closed(stream: Any, then: Callable[[], None]) -> None:  # noqa: ANN401 - any readable
    stream.read()
    then()


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("port", type=int)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("cache_bytes", type=int)
    chosen = parser.parse_args()
    server: BaseServer = ReportServer(Lake.at(chosen.data, Local(chosen.scratch, chosen.cache_bytes)), chosen.port)
    threading.Thread(target=_when_closed, args=(sys.stdin.buffer, server.shutdown), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
