"""The report server is kept running, and a port that is taken is named."""

import socket

from fakes.processes import free_port

from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_dagster.automation import reports


def test_it_is_started_once_and_again_when_it_died(tmp_path):
    """A second tick finds it; a killed one is replaced."""
    port = free_port()
    assert reports.ensure_served(Lake.at(tmp_path), Local(), port).startswith("started")
    key = (str(tmp_path.resolve()), port)
    first = reports._running[key]
    try:
        assert reports.ensure_served(Lake.at(tmp_path), Local(), port) == f"reports are served on 127.0.0.1:{port}"
        first.kill()
        first.wait()
        assert reports.ensure_served(Lake.at(tmp_path), Local(), port).startswith("started")
        assert reports._running[key].pid != first.pid
    finally:
        last = reports._running.pop(key)
        for one in (first, last):
            one.stdin.close()
            one.wait(20)


def test_a_taken_port_is_named_with_the_remedy(tmp_path):
    """The tick says what to set."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert reports.ensure_served(Lake.at(tmp_path), Local(), port) == (
            f"port {port} is taken by another program: set PHOENIX_REPORTS_PORT to a free one"
        )
