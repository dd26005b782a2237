"""Keeps the report server running beside the code server, from `phoenix ui` and `dagster dev` alike.

The daemon asks every half minute; the server is a child of the code server and ends with it.
"""

import errno
import socket
import subprocess
import sys

import dagster as dg

from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_dagster.settings import Settings

_INTERVAL_SECONDS = 30
_running: dict[tuple[str, int], "subprocess.Popen[bytes]"] = {}


def reports_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor that starts the server where it isn't running."""

    @dg.sensor(
        name="reports",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        description=f"Serves reports on 127.0.0.1:{settings.reports_port}, for the links of report assets.",
    )
    def sensor() -> dg.SkipReason:
        return dg.SkipReason(
            ensure_served(Lake.at(settings.data, settings.local), settings.local, settings.reports_port)
        )

    return sensor


def ensure_served(lake: Lake, local: Local, port: int) -> str:
    """Start the server unless it runs, and say which it is."""
    key = (lake.location, port)
    if (child := _running.get(key)) and child.poll() is None:
        return f"reports are served on 127.0.0.1:{port}"
    if _is_taken(port):
        return f"port {port} is taken by another program: set PHOENIX_REPORTS_PORT to a free one"
    command = [sys.executable, "-m", "phoenix_dagster.operation.report_server", *map(str, key)]
    command += [str(local.folder), str(local.cache_bytes)]
    _running[key] = subprocess.Popen(command, stdin=subprocess.PIPE, close_fds=True)  # noqa: S603 - our own command
    return f"started to serve reports on 127.0.0.1:{port}"


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False
