"""What is published, from which bytes and by which recipe: one small JSON document for each product and day.

Every stage writes here last. A day without an entry does not exist, whatever files lie about; a day
that was never published has an entry that says why. A product of which one day has several variants,
such as the results of many experiments, has an entry for each. Entries hold no clock time, so that the
same inputs give the same bytes.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from importlib.metadata import version
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple, Self

from phoenix_core.errors import CatalogCorrupt, nearest
from phoenix_core.storage.contract import altered
from phoenix_core.storage.digests import canonical_json, digest_of, sha256_of
from phoenix_core.storage.lake import Lake

_LOG = logging.getLogger(__name__)
_FOLDER = "manifest"
_SUFFIX = ".json"
_DIGEST = "entry_sha256"
_VARIANT = "@"
_BATCH = 1024  # entries that are held in memory while many are read
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
        return f"{_FOLDER}/{self.asset}/{self.day}{_VARIANT if self.variant else ''}{self.variant}{_SUFFIX}"

    @classmethod
    def of_path(cls, path: str) -> Self:
        """The key of an entry by where it lies."""
        asset, _, name = path.removeprefix(f"{_FOLDER}/").rpartition("/")
        day, _, variant = name.removesuffix(_SUFFIX).partition(_VARIANT)
        return cls(asset, day, variant)

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
    def is_foreign(self) -> bool:
        """Whether its file is not ours: it stays where its owner keeps it, and is never changed or deleted."""
        return Path(self.file).is_absolute()

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

    def recorded(self, below: str = "") -> Iterator[Key]:
        """Keys of all entries, in order; or of those of an asset, or of a market or listing.

        Raises:
            OSError: Some of them can't be listed: their days would seem never to have been.
        """
        names = self.lake.names(f"{_FOLDER}/{below}" if below else _FOLDER)
        return (Key.of_path(name) for name in names if name.endswith(_SUFFIX))

    def assets(self) -> list[str]:
        """Names of all assets that have entries."""
        return list(dict.fromkeys(key.asset for key in self.recorded()))

    def find(self, asset: str, day: date | str, variant: str = "") -> Entry | None:
        """Give the entry of a day, or None if the day was never materialized.

        Raises:
            CatalogCorrupt: The entry can't be read.
        """
        key = Key(asset, str(day), variant)
        return self.find_many([key]).get(key)

    def find_many(self, keys: Iterable[Key]) -> dict[Key, Entry]:
        """Give those of many entries that are there, by key.

        Raises:
            CatalogCorrupt: One of them can't be read.
        """
        found = {}
        for key, entry in self.examined(keys):
            if isinstance(entry, CatalogCorrupt):
                raise entry
            found[key] = entry
        return found

    def find_days(self, asset: str, days: Iterable[date]) -> dict[date, Entry]:
        """Give the entries of an asset that are there, by day, in the order of the days.

        Raises:
            CatalogCorrupt: One of them can't be read.
        """
        keys = {Key(asset, day.isoformat()): day for day in days}
        return {keys[key]: entry for key, entry in self.find_many(keys).items()}

    def examined(self, keys: Iterable[Key]) -> Iterator[tuple[Key, Entry | CatalogCorrupt]]:
        """Give each key that has an entry with that entry, or with what is wrong with it, in their order."""
        for batch in batched(keys, _BATCH):
            paths = {key: key.path for key in batch}
            contents = self.lake.read_many(list(paths.values()))
            for key, path in paths.items():
                if path in contents:
                    yield key, self._parsed(key, contents[path])

    def _parsed(self, key: Key, content: bytes) -> Entry | CatalogCorrupt:
        try:
            document = json.loads(content)
            digest = document.pop(_DIGEST)
            if digest == digest_of(document):
                return Entry(**document)
            cause = "it is not what was written"
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            cause = f"{type(error).__name__}: {error}"
        address = self.lake.address(key.path)
        return CatalogCorrupt(f"The manifest entry {address} can't be read ({cause}). Materialize {key} again.")

    def hint(self, asset: str) -> str:
        """What is wrong with the name of an asset that has no entries, as a part of a message; empty if it has some."""
        if absence := self.lake.absence():
            return f" (there is {absence})"
        known = self.assets()
        if asset in known:
            return ""
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

    def address(self, entry: Entry) -> str:
        """Where people find the file of an entry: in the data folder, or where its owner keeps it."""
        return entry.file if entry.is_foreign else self.lake.address(entry.file)

    def has_file(self, entry: Entry) -> bool:
        """Whether there is a file, whatever is in it."""
        return Path(entry.file).is_file() if entry.is_foreign else self.lake.stat(entry.file) is not None

    def _withdraw_former(self, entry: Entry) -> None:
        """Drop the entry without a variant that earlier releases wrote, once its very file is written anew."""
        try:
            former = self.find(entry.asset, entry.day)
        except CatalogCorrupt:
            return  # it names no file; the doctor tells of it
        if former is not None and former.published and former.file == entry.file:
            self.lake.remove(former.key.path)

    def verify(self, entry: Entry) -> Entry:
        """Check a published file against its entry where it is kept, before anybody relies on it.

        Raises:
            CatalogCorrupt: The file is missing, or its bytes are not those that were published.
        """
        if entry.published:
            found = _foreign_sha256(entry) if entry.is_foreign else self.lake.sha256(entry.file)
            if found != entry.sha256:
                raise CatalogCorrupt(f"{altered(self.address(entry), entry.sha256, found)}. {_again(entry)}")
        return entry

    def fetch(self, entry: Entry, *, fresh: bool = False) -> Path:
        """Give a file of this machine with the published bytes of an entry, compared before anybody opens it.

        Args:
            entry: Of a published day.
            fresh: Ask for the file where it is kept, whatever is cached here.

        Raises:
            CatalogCorrupt: The file is missing, or its bytes are not those that were published.
        """
        if entry.is_foreign:
            return Path(self.verify(entry).file)
        try:
            return self.lake.fetch(entry.file, entry.sha256, fresh=fresh)
        except CatalogCorrupt as error:
            raise CatalogCorrupt(f"{error}. {_again(entry)}") from error

    def fetch_many(self, entries: Sequence[Entry]) -> list[Path]:
        """`fetch` the files of published days, in their order, as many at once as the store likes.

        Raises:
            CatalogCorrupt: A file is missing, or its bytes are not those that were published.
        """
        return self.lake.each(self.fetch, entries)

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


class Remembered(Manifest):
    """A manifest that reads each entry once, for those who ask for the same ones again and again."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake)
        self._known: dict[Key, Entry | None] = {}

    def find_many(self, keys: Iterable[Key]) -> dict[Key, Entry]:
        """Give those that are there, and ask only for those that were not asked for yet."""
        wanted = list(keys)
        new = [key for key in wanted if key not in self._known]
        self._known |= dict.fromkeys(new) | super().find_many(new)
        return {key: entry for key in wanted if (entry := self._known[key]) is not None}


def _foreign_sha256(entry: Entry) -> str | None:
    path = Path(entry.file)
    return sha256_of(path) if path.is_file() else None


def _again(entry: Entry) -> str:
    return f"Materialize {entry.key} again; it is rebuilt from the archive's zip."
