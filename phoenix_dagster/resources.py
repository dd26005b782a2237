"""What assets are given: the data folder and the archive."""

import sys
from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dagster as dg
from pydantic import Field, PrivateAttr

from phoenix_core.manifest import Manifest
from phoenix_core.market import utc_today
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.verified_once import forget, verified_once

if TYPE_CHECKING:
    from tqdm import tqdm

    from phoenix_core.raw.store import Ingest
    from phoenix_core.sources.binance.source import BinanceArchive
    from phoenix_core.sources.contract import Source
    from phoenix_core.sources.local_tree.tree import LocalTree

_LOG_EVERY_BYTES = 64 << 20


class Workspace(dg.ConfigurableResource[None]):
    """Where Phoenix reads from and writes to.

    Attributes:
        data: Folder or bucket, `PHOENIX_DATA`.
        scratch: Folder of this machine beside a bucket, `PHOENIX_SCRATCH`.
        cache_bytes: Bound of copies in it, `PHOENIX_CACHE_BYTES`.
        archive_url: Archive, mirror or folder, `PHOENIX_ARCHIVE_URL`.
        sources: Folders, and perhaps an archive behind them, `PHOENIX_SOURCES`; empty: the archive alone.
        monthly: When days are taken out of months' files, `PHOENIX_MONTHLY`.
        today: The current UTC day, for rehearsals of another day; empty: the clock's.
    """

    data: str
    scratch: str = "~/.cache/phoenix"
    cache_bytes: int = Local().cache_bytes
    archive_url: str
    sources: list[str] = Field(default_factory=list)
    monthly: Literal["never", "missing", "first"] = "never"
    today: str = ""
    _lake: Lake | None = PrivateAttr(default=None)
    _makes: Collection[str] = PrivateAttr(default=())

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Begin a run: what one of its stages found whole is not hashed by the next, while nobody wrote to it."""
        del context
        self._lake = verified_once(self.lake())

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """End it: the next run hashes anew."""
        del context
        forget(self.lake())

    def lake(self) -> Lake:
        """The data folder, made if it isn't there."""
        return self._lake or Lake.at(self.data, Local(Path(self.scratch), self.cache_bytes))

    def over(self, lake: Lake, makes: Collection[str] = ()) -> "Workspace":
        """The same for work on this very data folder, such as one that is watched.

        Args:
            lake: The data folder.
            makes: Names of the assets that the run that is under way makes.
        """
        other = self.model_copy()
        other._lake, other._makes = lake, makes  # noqa: SLF001 - of our own class
        return other

    def makes(self, asset: str) -> bool:
        """Whether the run that is under way makes this asset as well."""
        return asset in self._makes

    def manifest(self) -> Manifest:
        """What is published in the data folder."""
        return Manifest(self.lake())

    def ingest(self, log: Callable[[str], None]) -> "Ingest":
        """A reader of the archive that shows its progress: a bar on a terminal, lines elsewhere."""
        from phoenix_core.raw.store import Ingest  # noqa: PLC0415 - brings an HTTP client

        lake = self.lake()
        if swept := lake.sweep():
            log(f"deleted {swept} leftovers of killed runs from {lake.scratch}")
        # A command with a display of its own has put itself in the place of stderr.
        is_own = sys.stderr is sys.__stderr__
        progress = _Bar() if is_own and sys.stderr.isatty() else _Lines(log)
        today = date.fromisoformat(self.today) if self.today else utc_today()
        return Ingest(lake, sources_of(lake, self.sources, self.archive_url, self.monthly), today, progress)

    def archive(self) -> "BinanceArchive | None":
        """The archive, if the sources let it be asked."""
        return _opened(tuple(self.sources), self.archive_url, self.monthly)[0]


def sources_of(lake: Lake, named: Sequence[str], archive_url: str, monthly: str) -> "tuple[Source, ...]":
    """Sources in order of preference: folders of the settings, adopted ones, and the archive, if it may be asked."""
    from phoenix_core.sources.adopted import adopted  # noqa: PLC0415 - brings an HTTP client
    from phoenix_core.sources.contract import Monthly  # noqa: PLC0415 - as above

    archive, trees = _opened(tuple(named), archive_url, monthly)
    return (*trees, *adopted(lake, Monthly(monthly)), *([archive] if archive else []))


@cache
def _opened(
    sources: tuple[str, ...], archive_url: str, monthly: str
) -> "tuple[BinanceArchive | None, tuple[LocalTree, ...]]":
    """Open once for all days of a process: connections stay open, and folders are looked through once."""
    from phoenix_core.sources.contract import Monthly  # noqa: PLC0415 - as below
    from phoenix_core.sources.opened import opened  # noqa: PLC0415 - brings an HTTP client

    return opened(sources, archive_url, Monthly(monthly))


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
        from tqdm import tqdm  # noqa: PLC0415 - only where there is a terminal

        bar = self._bars.get(name)
        if bar is None:
            bar = self._bars[name] = tqdm(desc=name, total=total, unit="B", unit_scale=True, leave=False)
        bar.update(done - bar.n)
        if done == total:
            bar.close()
            del self._bars[name]
