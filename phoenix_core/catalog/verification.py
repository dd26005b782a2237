"""Everything at rest against what the manifest says of it: hashes, rows, precision, strays, holes.

Nothing is changed here. What is found says by itself which day of which asset to materialize again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from phoenix_core.errors import CatalogCorrupt, PhoenixError
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.products import INSTRUMENT, Stage
from phoenix_core.sources.binance.checksums import sha256_from_sidecar
from phoenix_core.storage.lake import Lake

_RESULT = "experiment.json"
_RESULT_DEPTH = 3  # backtests/<experiment>/<range>
_WHOLE_DAY = 10  # characters of an ISO day


class Trouble(StrEnum):
    """What can be wrong with a data folder."""

    ALTERED = "altered"  # a published file is missing, or its bytes are others
    UNREADABLE = "unreadable"  # the right bytes, but no parquet of the right rows; or a manifest entry that is none
    CHECKSUM = "checksum"  # a zip differs from the published checksum kept beside it
    STRAY = "stray"  # a file that no entry speaks of, where readers look
    LEFTOVER = "leftover"  # what a killed run left in _staging
    HOLE = "hole"  # days between materialized ones that were never materialized: worth knowing, and no defect
    MIXED = "mixed precision"  # days of one instrument with different decimals


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        trouble: What kind.
        asset: Whose, `market/symbol/name`; empty for strays and leftovers.
        day: Which day, or range of a backtest.
        variant: Which of several results of that range.
        message: What was expected and what was found.
        path: Where people find the file, where there is one.
        name: Its name below the data folder; empty where it is not ours to delete.
    """

    trouble: Trouble
    asset: str
    day: str
    message: str
    path: str = ""
    name: str = ""
    variant: str = ""

    @property
    def key(self) -> Key:
        """Of the entry that is concerned."""
        return Key(self.asset, self.day, self.variant)


@dataclass(slots=True)
class Examined:
    """How much was looked at."""

    entries: int = 0
    files: int = 0
    bytes: int = 0


def verify(lake: Lake, examined: Examined | None = None) -> Iterator[Problem]:
    """Go through a data folder and yield what is wrong with it, one problem at a time.

    Args:
        lake: The data folder.
        examined: Counts what was looked at.
    """
    examined = examined or Examined()
    spoken: set[str] = set()
    precisions: dict[str, dict[tuple[int, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    days: dict[str, list[str]] = defaultdict(list)
    manifest = Manifest(lake)
    for key, entry in manifest.examined(manifest.recorded()):
        examined.entries += 1
        if isinstance(entry, CatalogCorrupt):
            yield _problem(lake, Trouble.UNREADABLE, key, str(entry), key.path)
            continue
        asset, day = key.asset, key.day
        days[asset].append(day)
        if not entry.published:
            continue
        spoken.add(entry.file)
        examined.files += 1
        examined.bytes += entry.bytes
        yield from _examine(manifest, entry, spoken)
        if "price_precision" in entry.facts and entry.asset.rsplit("/", 1)[-1] != INSTRUMENT.name:
            precision = (int(entry.facts["price_precision"]), int(entry.facts["size_precision"]))
            precisions[asset][precision].append(day)
    yield from _mixed(precisions)
    yield from _holes(days)
    yield from _unrecorded(lake, spoken)
    yield from _strays(lake, spoken)


def _problem(lake: Lake, trouble: Trouble, key: Key, message: str, name: str) -> Problem:
    """Name a problem of a file of ours, or of one of somebody's own by its full path."""
    is_ours = not PurePosixPath(name).is_absolute()
    path = lake.address(name) if is_ours else name
    return Problem(trouble, key.asset, key.day, message, path, name if is_ours else "", key.variant)


def _examine(manifest: Manifest, entry: Entry, spoken: set[str]) -> Iterator[Problem]:
    lake, name = manifest.lake, PurePosixPath(entry.file)
    try:
        path = manifest.fetch(entry, fresh=True)
    except CatalogCorrupt as error:
        yield _problem(lake, Trouble.ALTERED, entry.key, str(error), entry.file)
        return
    if name.suffix == ".parquet":
        found = _rows(path)
        if found != entry.rows:
            message = f"{manifest.address(entry)} should have {entry.rows} rows, found {found}"
            yield _problem(lake, Trouble.UNREADABLE, entry.key, message, entry.file)
    elif name.suffix == ".zip":
        yield from _sidecar(manifest, entry)
    elif name.name == _RESULT:
        yield from _parts(lake, path.read_bytes(), name.parent, entry.key, spoken)


def _parts(lake: Lake, described: bytes, folder: PurePosixPath, key: Key, spoken: set[str]) -> Iterator[Problem]:
    """The tables of a result, by the digests in its description."""
    for name, digest in json.loads(described)["files"].items():
        part = f"{folder}/{name}"
        spoken.add(part)
        try:
            lake.fetch(part, digest, fresh=True)
        except CatalogCorrupt as error:
            yield _problem(lake, Trouble.ALTERED, key, str(error), part)


def _unrecorded(lake: Lake, spoken: set[str]) -> Iterator[Problem]:
    """Results without an entry: earlier releases kept one for each range, that of its last experiment."""
    for name in lake.names("backtests"):
        folder = PurePosixPath(name).parent
        if name.endswith(f"/{_RESULT}") and len(folder.parts) == _RESULT_DEPTH and name not in spoken:
            try:
                yield from _parts(lake, lake.read(name), folder, Key("", folder.name, folder.parent.name), spoken)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                message = f"{lake.address(name)} describes no result ({type(error).__name__}: {error})"
                yield Problem(Trouble.UNREADABLE, "", folder.name, message, lake.address(name), name)


def _rows(path: Path) -> int | str:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        return f"no readable footer ({type(error).__name__})"


def _sidecar(manifest: Manifest, entry: Entry) -> Iterator[Problem]:
    """The checksum beside a zip, of ours or of somebody's own."""
    sidecar = f"{entry.file}.CHECKSUM"
    try:
        content = Path(sidecar).read_bytes() if entry.is_foreign else manifest.lake.read(sidecar)
    except FileNotFoundError:
        return
    try:
        published = sha256_from_sidecar(content.decode("ascii", "replace"), PurePosixPath(entry.file).name)
    except PhoenixError as error:
        yield _problem(manifest.lake, Trouble.CHECKSUM, entry.key, str(error), sidecar)
        return
    if published != entry.sha256:
        message = f"{manifest.address(entry)} has SHA-256 {entry.sha256}, its checksum says {published}"
        yield _problem(manifest.lake, Trouble.CHECKSUM, entry.key, message, entry.file)


def _mixed(precisions: dict[str, dict[tuple[int, int], list[str]]]) -> Iterator[Problem]:
    for asset, found in precisions.items():
        if len(found) > 1:
            usual = max(found, key=lambda precision: len(found[precision]))
            for precision, days in found.items():
                for day in days if precision != usual else ():
                    message = f"{asset} has {usual} decimals of price and size on most days, {precision} on {day}"
                    yield Problem(Trouble.MIXED, asset, day, message)


def _holes(days: dict[str, list[str]]) -> Iterator[Problem]:
    for asset, recorded_days in days.items():
        known = sorted({date.fromisoformat(day) for day in recorded_days if len(day) == _WHOLE_DAY})
        if not known:
            continue
        missing = (known[-1] - known[0]).days + 1 - len(known)
        if missing:
            message = f"{asset}: {missing} days between {known[0]} and {known[-1]} were never materialized"
            yield Problem(Trouble.HOLE, asset, f"{known[0]}...{known[-1]}", message)


def _strays(lake: Lake, spoken: set[str]) -> Iterator[Problem]:
    for name in (*lake.names(Stage.CATALOG.value), *lake.names(Stage.SIGNALS.value)):
        if name not in spoken:
            message = f"{lake.address(name)} is in no manifest entry, and whoever lists its folder takes it for data"
            yield Problem(Trouble.STRAY, "", "", message, lake.address(name), name)
    for path in lake.leftovers():
        message = f"{path} was left by a run that was killed, or is under way"
        yield Problem(Trouble.LEFTOVER, "", "", message, str(path))
