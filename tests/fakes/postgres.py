"""A PostgreSQL server of our own, that a test may stop and start as it likes."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.environment import unavailable
from fakes.processes import free_port


@dataclass(frozen=True)
class Server:
    """A cluster in a folder, on a port of 127.0.0.1."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Of its only database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """And wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """At once, as when the machine loses it: connections break, and the next start recovers."""
        run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


@contextmanager
def server() -> Iterator[Server]:
    """A new cluster, started, and gone afterwards."""
    # Not below pytest's folders, which only their owner may enter: the server refuses to be root.
    folder = Path(tempfile.mkdtemp(prefix="phoenix-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Server(folder, free_port())
    try:
        run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "--no-sync")
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder)


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as a user that it accepts."""
    found = [shutil.which(program), *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{program}")))]
    path = next((path for path in found if path), None)
    if path is None:
        unavailable(f"no {program} of PostgreSQL on this machine")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    # Its log goes to a file: a pipe would stay open as long as the server lives.
    done = subprocess.run([*user, path, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0, f"{program} ended with {done.returncode}"
