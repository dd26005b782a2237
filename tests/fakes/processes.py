"""Our own commands as processes: their environment, and the UI with its webserver, daemon and code server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]


def plain_environment():
    """This environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PHOENIX_", "DAGSTER_"))}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_ui(folder, **settings: str) -> Iterator[str]:
    """`phoenix ui` on a folder: webserver, daemon and code server, as `dagster dev` starts them."""
    port = free_port()
    command = [sys.executable, "-m", "phoenix_dagster.cli", "ui", str(folder), "--port", str(port)]
    log = (folder / "ui.log").open("wb")
    # SIGINT may be ignored here, and Dagster maps SIGTERM onto its handler: give it back to the child.
    process = subprocess.Popen(
        command, cwd=ROOT, env=plain_environment() | settings, stdout=log, stderr=log, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it does nothing else
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                requests.get(f"{url}/server_info", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert process.poll() is None, (folder / "ui.log").read_text()[-3000:]
                assert time.monotonic() < deadline, "the UI did not come up within two minutes"
                time.sleep(0.5)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()
