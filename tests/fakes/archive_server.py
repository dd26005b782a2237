"""A real HTTP server on 127.0.0.1 that plays the archive, well or badly."""

import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MISSING = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'


@dataclass
class Answer:
    """One answer: status, headers, body, and how it goes wrong on the way."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None  # Content-Length, where it is not the body's
    pause: float = 0.0  # seconds before the body
    held_until: threading.Event | None = None  # the body waits for it
    cut: int = 0  # bytes after which the connection ends; -1 announced: the length is not told
    reset: bool = False  # it ends by a reset
    drip: float = 0.0  # seconds between two bytes


@dataclass
class FakeArchive:
    """Answers by path: scripted ones first, in order, then the file of that name, then 404."""

    root: Path
    url: str = ""
    requests: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    scripted: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def script(self, path: str, *answers: Answer) -> None:
        """Give these answers for a path, one a request."""
        self.scripted["/" + path] += answers

    def script_instead(self, path: str, *answers: Answer) -> None:
        """Give these answers for a path, and none that is left of earlier ones."""
        self.scripted["/" + path] = list(answers)

    def answer(self, path: str) -> Answer:
        """Choose the answer for a request."""
        self.requests.append(path)
        if self.scripted[path]:
            return self.scripted[path].pop(0)
        file = self.root / path.lstrip("/")
        return Answer(body=file.read_bytes()) if file.is_file() else Answer(404, MISSING)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the play; anything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(root: Path) -> Iterator[FakeArchive]:
    """Serve a folder until the block ends."""
    archive = FakeArchive(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            archive.logins.append(self.headers.get("Authorization", ""))
            answer = archive.answer(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = len(answer.body) if answer.announced is None else answer.announced
            if length >= 0:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            time.sleep(answer.pause)
            if answer.held_until:
                answer.held_until.wait()
            body = answer.body[: answer.cut] if answer.cut else answer.body
            with suppress(ConnectionError):  # the client may have had enough
                if answer.drip:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(answer.drip)
                else:
                    self.wfile.write(body)
            if answer.reset:
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = bool(answer.cut) or answer.announced is not None

        def do_HEAD(self) -> None:
            answer = archive.answer(self.path)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    archive.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
