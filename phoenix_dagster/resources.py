"""What assets are given: the data folder and the archive."""

import sys
from collections.abc import Callable
from datetime import date
from functools import cache

import dagster as dg
from tqdm import tqdm

from phoenix_core.archive.client import Archive
from phoenix_core.market import utc_today
from phoenix_core.raw.store import Ingest
from phoenix_core.storage import Lake

_LOG_EVERY_BYTES = 64 << 20


class Workspace(dg.ConfigurableResource[None]):
    """Where Phoenix reads from and writes to.

    Attributes:
        data: Folder, `PHOENIX_DATA`.
        archive_url: Archive, mirror or folder, `PHOENIX_ARCHIVE_URL`.
        today: The current UTC day, for rehearsals of another day; empty: the clock's.
    """

    data: str
    archive_url: str
    today: str = ""

    def lake(self) -> Lake:
        """The data folder, made if it isn't there."""
        return Lake.at(self.data)

    def ingest(self, log: Callable[[str], None]) -> Ingest:
        """A reader of the archive that shows its progress: a bar on a terminal, lines elsewhere."""
        lake = self.lake()
        if swept := lake.sweep():
            log(f"deleted {swept} leftovers of killed runs from {lake.staging}")
        progress = _Bar() if sys.stderr.isatty() else _Lines(log)
        today = date.fromisoformat(self.today) if self.today else utc_today()
        return Ingest(lake, _archive(self.archive_url), today, progress)


@cache
def _archive(url: str) -> Archive:
    """One client for all days of a process, so that its connections stay open from one to the next."""
    return Archive(url)


class _Lines:
    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._logged: dict[str, int] = {}

    def __call__(self, name: str, done: int, total: int | None) -> None:
        if done == total:
            self._log(f"{name}: {done:,} bytes")
            self._logged.pop(name, None)
        elif done - self._logged.get(name, 0) >= _LOG_EVERY_BYTES:
            self._logged[name] = done
            self._log(f"{name}: {done:,} of {total or 0:,} bytes")


class _Bar:
    """A bar for each file: a look-back fetches several at once."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm] = {}  # type: ignore[type-arg]

    def __call__(self, name: str, done: int, total: int | None) -> None:
        bar = self._bars.get(name)
        if bar is None:
            bar = self._bars[name] = tqdm(desc=name, total=total, unit="B", unit_scale=True, leave=False)
        bar.update(done - bar.n)
        if done == total:
            bar.close()
            del self._bars[name]
