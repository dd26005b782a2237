"""Our own commands as processes: their environment, and the UI with its webserver, daemon and code server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
# Seconds to wait for what happens within some tens of seconds on a quiet machine: tests wait for events, and only a
# product that hangs is to meet the deadline.
PATIENCE = 600.0
# For services whose backfills a test waits for; what it says is in the module there.
QUICKER = {"PYTHONPATH": str(Path(__file__).parent / "quicker")}


def plain_environment():
    """This environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PHOENIX_", "DAGSTER_"))}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command, folder, log, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process group of its own, of which nothing is left afterwards."""
    # Several installations run at once here, and each serves its reports.
    settings = {"PHOENIX_REPORTS_PORT": str(free_port())} | settings
    with log.open("wb") as out:
        # SIGINT may be ignored here, as in a shell's background job, and is inherited so. Dagster maps SIGTERM
        # onto its handler of SIGINT: a server that ignores it would never end.
        process = subprocess.Popen(
            command, cwd=folder, env=plain_environment() | settings, stdout=out, stderr=out, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - only that
        )  # fmt: skip
    try:
        yield process
    finally:
        stop_group(process)


def stop_group(process, patience_seconds=20.0):
    """End a process with all that it started: told to, given time to tidy up, and killed if something is left."""
    deadline = time.monotonic() + patience_seconds
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()  # takes note of its end: until then the group has a member
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running_ui(folder, **settings: str) -> Iterator[str]:
    """`phoenix ui` on a folder: webserver, daemon and code server, as `dagster dev` starts them."""
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "ui.log"
    command = [sys.executable, "-m", "phoenix_dagster.cli", "ui", str(folder), "--port", str(port)]
    with running(command, ROOT, log, **QUICKER, **settings) as process:
        until_it_answers(url, process, log)
        yield url


def until_it_answers(url, process, log):
    """Wait for a webserver."""
    deadline = time.monotonic() + PATIENCE
    while not answers(url):
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, f"the UI did not come up: {log.read_text()[-3000:]}"
        time.sleep(0.2)


def answers(url):
    """Whether a webserver is there."""
    with suppress(requests.RequestException):
        return requests.get(f"{url}/server_info", timeout=5).ok
    return False
