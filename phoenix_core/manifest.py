"""What is published, from which bytes and by which recipe: one small JSON document for each product and day.

Every stage writes here last. A day without an entry does not exist, whatever files lie about; a day
that was never published has an entry that says why. A product of which one day has several variants,
such as the results of many experiments, has an entry for each. Entries hold no clock time, so that the
same inputs give the same bytes.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from phoenix_core.errors import CatalogCorrupt, nearest
from phoenix_core.storage import Lake, canonical_json, digest_of, sha256_of

_LOG = logging.getLogger(__name__)
_DIGEST = "entry_sha256"
_VARIANT = "@"
_LIBRARIES = ("nautilus_trader", "numpy", "polars", "pyarrow")


@cache
def versions() -> Mapping[str, str]:
    """Libraries that are at work: provenance, by which nothing is current or stale.

    Whether a new one writes other bytes is decided once, by `tests/golden`, and not on every day of every product.
    """
    return {name: version(name) for name in _LIBRARIES}


class Key(NamedTuple):
    """What an entry is found by.

    Attributes:
        asset: The product, `market/symbol/name`.
        day: The partition: an ISO day, or the range of a backtest.
        variant: Which of several that a product has for one day; empty where there is but one.
    """

    asset: str
    day: str
    variant: str = ""

    @property
    def path(self) -> str:
        """Where the entry lies below the data folder."""
        return f"manifest/{self.asset}/{self.day}{_VARIANT if self.variant else ''}{self.variant}.json"

    def __str__(self) -> str:
        return f"{self.asset} of {self.day}" + (f", variant {self.variant}" if self.variant else "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One published, or knowingly absent, day of one asset.

    Attributes:
        asset: `market/symbol/name`.
        day: ISO day.
        published: False: there is no file, and `reason` says why.
        reason: Why nothing is published.
        file: Path below the data folder; an absolute one where the file is not ours and stays where it lies.
        sha256: Digest of that file.
        bytes: Its size.
        rows: Rows in it.
        variant: Which of several that the asset has for this day; empty where there is but one.
        recipe: Digest of all that the bytes depend on besides the sources; empty in entries that were written
            before there were recipes: such a day is whole, and made anew when it is asked for.
        sources: Data versions of the inputs by asset (and day, where it is another).
        counts: Rows read, kept, repaired and dropped, by named rule.
        facts: What else is worth knowing: time range, ids, precision, assumptions.
        versions: Libraries that were at work.
    """

    asset: str
    day: str
    published: bool
    reason: str = ""
    variant: str = ""
    recipe: str = ""
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    rows: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=versions)

    @property
    def key(self) -> Key:
        """What it is found by."""
        return Key(self.asset, self.day, self.variant)

    @property
    def data_version(self) -> str:
        """Digest by which everything downstream is fresh or stale."""
        return self.sha256 or digest_of({"absent": self.reason})


class Manifest:
    """The entries of one data folder."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    @staticmethod
    def path(asset: str, day: date | str, variant: str = "") -> str:
        """Where the entry of an asset and day lies below the data folder."""
        return Key(asset, str(day), variant).path

    def recorded(self) -> Iterator[Key]:
        """Keys of all entries, in order.

        Raises:
            OSError: A folder can't be read. `rglob` would pass over it, and its days would seem never to have been.
        """
        root = self.lake.path("manifest")
        if not root.is_dir():
            return
        for folder, folders, files in root.walk(on_error=_raise):
            folders.sort()
            for name in sorted(file for file in files if file.endswith(".json")):
                day, _, variant = name.removesuffix(".json").partition(_VARIANT)
                yield Key(folder.relative_to(root).as_posix(), day, variant)

    def find(self, asset: str, day: date | str, variant: str = "") -> Entry | None:
        """Give the entry of a day, or None if the day was never materialized.

        Raises:
            CatalogCorrupt: The entry can't be read.
        """
        key = Key(asset, str(day), variant)
        path = self.lake.path(key.path)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            document = json.loads(content)
            digest = document.pop(_DIGEST)
            if digest == digest_of(document):
                return Entry(**document)
            cause = "it is not what was written"
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            cause = f"{type(error).__name__}: {error}"
        raise CatalogCorrupt(f"The manifest entry {path} can't be read ({cause}). Materialize {key} again.")

    def hint(self, asset: str) -> str:
        """What is wrong with the name of an asset that has no entries, as a part of a message; empty if it has some."""
        if not self.lake.root.is_dir():
            return f" (there is {self.lake.missing()})"
        if self.lake.path(f"manifest/{asset}").is_dir():
            return ""
        root = self.lake.path("manifest")
        known = sorted(path.relative_to(root).as_posix() for path in root.glob("*/*/*") if path.is_dir())
        return nearest(asset, known) or (f" (there are {', '.join(known)})" if known else " (nothing is)")

    def record(self, entry: Entry) -> Entry:
        """Publish an entry; the file it speaks of must already be in place."""
        document = asdict(entry)
        # The entry guards the file; its own digest guards the entry.
        document[_DIGEST] = digest_of(document)
        self.lake.write(entry.key.path, canonical_json(document))
        if entry.variant:
            self._withdraw_former(entry)
        return entry

    def file(self, entry: Entry) -> Path:
        """Where the file of an entry lies: below the data folder, or where its owner keeps it."""
        return Path(entry.file) if Path(entry.file).is_absolute() else self.lake.path(entry.file)

    def _withdraw_former(self, entry: Entry) -> None:
        """Drop the entry without a variant that earlier releases wrote, once its very file is written anew."""
        try:
            former = self.find(entry.asset, entry.day)
        except CatalogCorrupt:
            return  # it names no file; the doctor tells of it
        if former is not None and former.published and former.file == entry.file:
            self.lake.remove(former.key.path)

    def verify(self, entry: Entry) -> Entry:
        """Check a published file against its entry, before anybody opens it.

        Raises:
            CatalogCorrupt: The file is missing, or its bytes are not those that were published.
        """
        if not entry.published:
            return entry
        path = self.file(entry)
        found = sha256_of(path) if path.is_file() else "no file"
        if found != entry.sha256:
            raise CatalogCorrupt(
                f"{path} is not what was published: expected SHA-256 {entry.sha256}, found {found}. "
                f"Materialize {entry.key} again; it is rebuilt from the archive's zip."
            )
        return entry

    def is_current(self, asset: str, day: date | str, sources: Mapping[str, str], recipe: str) -> Entry | None:
        """Give the entry if it was made from just these sources by just this recipe and its file is whole."""
        try:
            entry = self.find(asset, day)
            if entry is None or dict(entry.sources) != dict(sources) or entry.recipe != recipe:
                return None
            return self.verify(entry)
        except CatalogCorrupt as error:
            _LOG.warning("%s of %s is built anew: %s", asset, day, error)
            return None


def _raise(error: OSError) -> None:
    raise error
