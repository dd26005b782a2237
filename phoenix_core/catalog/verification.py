"""Everything at rest against what the manifest says of it: hashes, rows, precision, strays, holes.

Nothing is changed here. What is found says by itself which day of which asset to materialize again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from phoenix_core.errors import CatalogCorrupt, PhoenixError
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.products import INSTRUMENT, Stage
from phoenix_core.sources.binance.checksums import sha256_from_sidecar
from phoenix_core.storage import Lake, sha256_of

_RESULT = "experiment.json"
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
        says: What was expected and what was found.
        path: The file, where there is one.
    """

    trouble: Trouble
    asset: str
    day: str
    says: str
    path: Path | None = None
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
    spoken: set[Path] = set()
    precisions: dict[str, dict[tuple[int, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    days: dict[str, list[str]] = defaultdict(list)
    for key in Manifest(lake).recorded():
        examined.entries += 1
        try:
            entry = Manifest(lake).find(*key)
        except CatalogCorrupt as error:
            yield _problem(Trouble.UNREADABLE, key, str(error), lake.path(key.path))
            continue
        if entry is None:
            continue
        asset, day = key.asset, key.day
        days[asset].append(day)
        if not entry.published:
            continue
        path = Manifest(lake).file(entry)
        spoken.add(path)
        examined.files += 1
        examined.bytes += entry.bytes
        yield from _examine(lake, entry, path, spoken)
        if "price_precision" in entry.facts and entry.asset.rsplit("/", 1)[-1] != INSTRUMENT.name:
            precision = (int(entry.facts["price_precision"]), int(entry.facts["size_precision"]))
            precisions[asset][precision].append(day)
    yield from _mixed(precisions)
    yield from _holes(days)
    yield from _unrecorded(lake, spoken)
    yield from _strays(lake, spoken)


def _problem(trouble: Trouble, key: Key, says: str, path: Path) -> Problem:
    return Problem(trouble, key.asset, key.day, says, path, key.variant)


def _examine(lake: Lake, entry: Entry, path: Path, spoken: set[Path]) -> Iterator[Problem]:
    try:
        Manifest(lake).verify(entry)
    except CatalogCorrupt as error:
        yield _problem(Trouble.ALTERED, entry.key, str(error), path)
        return
    if path.suffix == ".parquet":
        found = _rows(path)
        if found != entry.rows:
            says = f"{path} should have {entry.rows} rows, found {found}"
            yield _problem(Trouble.UNREADABLE, entry.key, says, path)
    elif path.suffix == ".zip":
        yield from _sidecar(entry, path)
    elif path.name == _RESULT:
        yield from _parts(path, entry.key, spoken)


def _parts(path: Path, key: Key, spoken: set[Path]) -> Iterator[Problem]:
    """The tables of a result, by the digests in its description."""
    for name, digest in json.loads(path.read_bytes())["files"].items():
        part = path.parent / name
        spoken.add(part)
        found = sha256_of(part) if part.is_file() else "no file"
        if found != digest:
            says = f"{part} is not what was published: expected SHA-256 {digest}, found {found}"
            yield _problem(Trouble.ALTERED, key, says, part)


def _unrecorded(lake: Lake, spoken: set[Path]) -> Iterator[Problem]:
    """Results without an entry: earlier releases kept one for each range, that of its last experiment."""
    for path in sorted(lake.path("backtests").glob(f"*/*/{_RESULT}")):
        if path not in spoken:
            try:
                yield from _parts(path, Key("", path.parent.name, path.parent.parent.name), spoken)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                says = f"{path} describes no result ({type(error).__name__}: {error})"
                yield Problem(Trouble.UNREADABLE, "", path.parent.name, says, path)


def _rows(path: Path) -> int | str:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        return f"no readable footer ({type(error).__name__})"


def _sidecar(entry: Entry, path: Path) -> Iterator[Problem]:
    sidecar = Path(f"{path}.CHECKSUM")
    if not sidecar.is_file():
        return
    try:
        published = sha256_from_sidecar(sidecar.read_text("ascii", "replace"), path.name)
    except PhoenixError as error:
        yield _problem(Trouble.CHECKSUM, entry.key, str(error), sidecar)
        return
    if published != entry.sha256:
        says = f"{path} has SHA-256 {entry.sha256}, its checksum says {published}"
        yield _problem(Trouble.CHECKSUM, entry.key, says, path)


def _mixed(precisions: dict[str, dict[tuple[int, int], list[str]]]) -> Iterator[Problem]:
    for asset, found in precisions.items():
        if len(found) > 1:
            usual = max(found, key=lambda precision: len(found[precision]))
            for precision, days in found.items():
                for day in days if precision != usual else ():
                    says = f"{asset} has {usual} decimals of price and size on most days, {precision} on {day}"
                    yield Problem(Trouble.MIXED, asset, day, says)


def _holes(days: dict[str, list[str]]) -> Iterator[Problem]:
    for asset, recorded_days in days.items():
        known = sorted({date.fromisoformat(day) for day in recorded_days if len(day) == _WHOLE_DAY})
        if not known:
            continue
        missing = (known[-1] - known[0]).days + 1 - len(known)
        if missing:
            says = f"{asset}: {missing} days between {known[0]} and {known[-1]} were never materialized"
            yield Problem(Trouble.HOLE, asset, f"{known[0]}...{known[-1]}", says)


def _strays(lake: Lake, spoken: set[Path]) -> Iterator[Problem]:
    for room in (Stage.CATALOG, Stage.SIGNALS):
        for path in sorted(lake.path(room.value).rglob("*")):
            if path.is_file() and path not in spoken:
                says = f"{path} is in no manifest entry, and whoever lists its folder takes it for data"
                yield Problem(Trouble.STRAY, "", "", says, path)
    for path in sorted(lake.staging.iterdir()) if lake.staging.is_dir() else ():
        yield Problem(Trouble.LEFTOVER, "", "", f"{path} was left by a run that was killed, or is under way", path)
