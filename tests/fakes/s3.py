"""An S3 server (moto) in a process of its own: its Flask, boto and threads are none of the tests'."""

import atexit
import hashlib
import os
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
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
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
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
