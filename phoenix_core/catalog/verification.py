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

from phoenix_core.archive.checksums import sha256_from_sidecar
from phoenix_core.errors import CatalogCorrupt, PhoenixError
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage import Lake, sha256_of

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
        says: What was expected and what was found.
        path: The file, where there is one.
    """

    trouble: Trouble
    asset: str
    day: str
    says: str
    path: Path | None = None


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
    for asset, day in recorded(lake):
        examined.entries += 1
        try:
            entry = Manifest(lake).find(asset, day)
        except CatalogCorrupt as error:
            yield Problem(Trouble.UNREADABLE, asset, day, str(error), lake.path(Manifest.path(asset, day)))
            continue
        if entry is None:
            continue
        days[asset].append(day)
        if not entry.published:
            continue
        path = Manifest(lake).file(entry)
        spoken.add(path)
        examined.files += 1
        examined.bytes += entry.bytes
        yield from _examine(lake, entry, path, spoken)
        if "price_precision" in entry.facts and entry.asset.rsplit("/", 1)[-1] != "instrument":
            precision = (int(entry.facts["price_precision"]), int(entry.facts["size_precision"]))
            precisions[asset][precision].append(day)
    yield from _mixed(precisions)
    yield from _holes(days)
    yield from _strays(lake, spoken)


def recorded(lake: Lake) -> Iterator[tuple[str, str]]:
    """Asset and day of each manifest entry, in order.

    Raises:
        OSError: A folder can't be read. `rglob` would pass over it, and its days would seem never to have been.
    """
    root = lake.path("manifest")
    if root.is_dir():
        for folder, folders, files in root.walk(on_error=_raise):
            folders.sort()
            for name in sorted(files):
                if name.endswith(".json"):
                    yield folder.relative_to(root).as_posix(), name.removesuffix(".json")


def _raise(error: OSError) -> None:
    raise error


def _examine(lake: Lake, entry: Entry, path: Path, spoken: set[Path]) -> Iterator[Problem]:
    try:
        Manifest(lake).verify(entry)
    except CatalogCorrupt as error:
        yield Problem(Trouble.ALTERED, entry.asset, entry.day, str(error), path)
        return
    if path.suffix == ".parquet":
        found = _rows(path)
        if found != entry.rows:
            says = f"{path} should have {entry.rows} rows, found {found}"
            yield Problem(Trouble.UNREADABLE, entry.asset, entry.day, says, path)
    elif path.suffix == ".zip":
        yield from _sidecar(entry, path)
    elif path.name == "experiment.json":
        for name, digest in json.loads(path.read_bytes())["files"].items():
            part = path.parent / name
            spoken.add(part)
            found = sha256_of(part) if part.is_file() else "no file"
            if found != digest:
                says = f"{part} is not what was published: expected SHA-256 {digest}, found {found}"
                yield Problem(Trouble.ALTERED, entry.asset, entry.day, says, part)


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
        yield Problem(Trouble.CHECKSUM, entry.asset, entry.day, str(error), sidecar)
        return
    if published != entry.sha256:
        says = f"{path} has SHA-256 {entry.sha256}, its checksum says {published}"
        yield Problem(Trouble.CHECKSUM, entry.asset, entry.day, says, path)


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
        known = sorted(date.fromisoformat(day) for day in recorded_days if len(day) == _WHOLE_DAY)
        if not known:
            continue
        missing = (known[-1] - known[0]).days + 1 - len(known)
        if missing:
            says = f"{asset}: {missing} days between {known[0]} and {known[-1]} were never materialized"
            yield Problem(Trouble.HOLE, asset, f"{known[0]}...{known[-1]}", says)


def _strays(lake: Lake, spoken: set[Path]) -> Iterator[Problem]:
    for room in ("catalog", "signals"):
        for path in sorted(lake.path(room).rglob("*")):
            if path.is_file() and path not in spoken:
                says = f"{path} is in no manifest entry, and whoever lists its folder takes it for data"
                yield Problem(Trouble.STRAY, "", "", says, path)
    for path in sorted(lake.staging.iterdir()) if lake.staging.is_dir() else ():
        yield Problem(Trouble.LEFTOVER, "", "", f"{path} was left by a run that was killed, or is under way", path)
