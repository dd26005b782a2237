"""An S3 server (moto) in a process of its own: its Flask, boto and threads are none of the tests'."""

import atexit
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from fakes.processes import PATIENCE, free_port, stop_group

# Known to nobody else: tests look for it in whatever is written.
KEY, SECRET = "AKIATESTPHOENIX00001", "secret/of/the+tests/0123456789abcdefghij"


@cache
def server() -> str:
    """Address of the server of this process and its children, started at the first call and ended with the process."""
    if given := os.environ.get("PHOENIX_TEST_S3_URL"):
        return given
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("s3_server.py")), str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    atexit.register(stop_group, process)
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(requests.RequestException):
            requests.get(url, timeout=5)
            break
        assert process.poll() is None, "the S3 server did not start"
        assert time.monotonic() < deadline, "the S3 server does not answer"
        time.sleep(0.05)
    os.environ.update(environment(url))
    return url


def environment(url: str | None = None) -> dict[str, str]:
    """Where a client finds the server, and by which key; for a process of its own, too."""
    return {
        "PHOENIX_TEST_S3_URL": url or server(),
        "AWS_ENDPOINT_URL": url or server(),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


def bucket_of(folder: Path) -> str:
    """URL in a bucket of a folder's own; the same for the same folder."""
    name = f"t-{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"
    requests.put(f"{server()}/{name}", timeout=30).raise_for_status()
    return f"s3://{name}/data"


@dataclass
class Between:
    """A server between client and S3 server, that does to requests what networks and lesser servers do.

    Attributes:
        url: Its address.
        answer: Asked about each request by method and path: a status to answer with at once, "lost" to do it and drop
            the answer, "cut" to drop the connection and do nothing, None to pass it on.
        without: Headers of requests that are left out.
        body: Of an answer of its own.
        asked: Methods and paths in the order in which they came.
        done: With the status that the S3 server gave, of those that were passed on.
    """

    url: str = ""
    answer: Callable[[str, str], int | str | None] = lambda *_: None
    without: tuple[str, ...] = ()
    body: bytes = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    asked: list[tuple[str, str]] = field(default_factory=list)
    done: list[tuple[str, str, int]] = field(default_factory=list)


@contextmanager
def between() -> Iterator[Between]:
    """Run one; it passes everything on until told otherwise."""
    told = Between()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self):
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((self.command, self.path))
            answer = told.answer(self.command, self.path)
            if isinstance(answer, int):
                self._say(answer, {}, told.body)
                return
            if answer == "cut":
                self.close_connection = True
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in told.without}
            done = requests.request(self.command, server() + self.path, headers=headers, data=content, timeout=60)
            told.done.append((self.command, self.path, done.status_code))
            if answer == "lost":
                self.close_connection = True
                return
            kept = {name: value for name, value in done.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            self._say(done.status_code, kept, done.content, done.headers.get("Content-Length"))

        def _say(self, status, headers, content, length=None):
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *args):
            """Say nothing."""

    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._pass)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told.url = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield told
        http.shutdown()


_OF_THE_CONNECTION = {"content-length", "connection", "transfer-encoding", "date", "server"}
