"""Phoenix as an operator runs it, whose services a test starts and kills."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from fakes import warm
from fakes.processes import PATIENCE, QUICKER, ROOT, free_port, plain_environment
from phoenix_core.errors import ConfigInvalid, SourceUnreachable
from phoenix_dagster.operation.backfill import RunningDagster

BIN = Path(sys.executable).parent


class Installation:
    """Phoenix as an operator runs it: webserver and daemon as services, history in PostgreSQL."""

    def __init__(self, folder, database_url, first, **settings: str):
        self.folder = folder
        self.workspace = ROOT / "workspace.yaml"
        self.port = free_port()
        self.environment = plain_environment() | {
            "DAGSTER_HOME": str(folder / "dagster"),
            "PHOENIX_DATA": str(folder / "data"),
            "PHOENIX_ARCHIVE_URL": str(folder / "archive"),
            "PHOENIX_START": first.isoformat(),
            "PHOENIX_POSTGRES_URL": database_url,
            "PHOENIX_REPORTS_PORT": str(free_port()),
            **QUICKER,
            **settings,
        }
        self.running = {}
        (folder / "dagster").mkdir()
        text = (ROOT / "dagster.yaml").read_text()
        # What an operator waits a minute or two for is looked for in seconds here.
        quicker = text.replace("poll_interval_seconds: 30", "poll_interval_seconds: 2")
        quicker = quicker.replace("start_timeout_seconds: 120", "start_timeout_seconds: 20")
        quicker = quicker.replace("free_slots_after_run_end_seconds: 60", "free_slots_after_run_end_seconds: 5")
        (folder / "dagster" / "dagster.yaml").write_text(quicker)

    @property
    def dagster(self):
        return RunningDagster(f"http://127.0.0.1:{self.port}")

    def start(self, service, command=()):
        """A service by its name; one with a command of its own is started as that."""
        workspace = ["-w", str(self.workspace)]
        command = (
            command
            or {
                "webserver": [str(BIN / "dagster-webserver"), "-h", "127.0.0.1", "-p", str(self.port), *workspace],
                "daemon": [str(BIN / "dagster-daemon"), "run", *workspace],
            }[service]
        )
        with (self.folder / f"{service}.log").open("ab") as log:
            self.running[service] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, service):
        """With everything that it started: what an operator's machine does when it loses power."""
        process = self.running.pop(service)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def done(self):
        """Days of assets that are published."""
        return len(list((self.folder / "data" / "manifest").rglob("*.json")))

    def has_ended(self, service):
        return self.running[service].poll() is not None

    def until(self, what, why):
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(ConfigInvalid, SourceUnreachable):
                if what():
                    return
            assert time.monotonic() < deadline, f"{why}: {self.said()}"
            time.sleep(0.5)  # most questions are asked of the webserver, which needs the processors for others

    def said(self):
        return {log.name: log.read_text()[-1500:] for log in self.folder.glob("*.log")}

    def phoenix(self, *arguments):
        return subprocess.run(
            [warm.programs() / "phoenix", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
