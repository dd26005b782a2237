"""What is published, from which bytes: one small JSON document for each asset and day.

Every stage writes here last. A day without an entry does not exist, whatever files lie about; a day
that was never published has an entry that says why. Entries hold no clock time, so that the same
inputs give the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from phoenix_core.errors import CatalogCorrupt, nearest
from phoenix_core.storage import Lake, canonical_json, digest_of, sha256_of

# Raised by hand when a stage writes other bytes for the same input.
LAYOUT_VERSION = "2"
_DIGEST = "entry_sha256"
_LIBRARIES = ("nautilus_trader", "numpy", "polars", "pyarrow")


@cache
def versions() -> Mapping[str, str]:
    """What the bytes of a published file depend on besides its sources."""
    return {"phoenix_layout": LAYOUT_VERSION} | {name: version(name) for name in _LIBRARIES}


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
        sources: Data versions of the inputs by asset (and day, where it is another).
        counts: Rows read, kept, repaired and dropped, by named rule.
        facts: What else is worth knowing: time range, ids, precision, assumptions.
        versions: Code and libraries.
    """

    asset: str
    day: str
    published: bool
    reason: str = ""
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    rows: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=versions)

    @property
    def data_version(self) -> str:
        """Digest by which everything downstream is fresh or stale."""
        return self.sha256 or digest_of({"absent": self.reason})


class Manifest:
    """The entries of one data folder."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    @staticmethod
    def path(asset: str, day: date | str) -> str:
        """Where the entry of an asset and day lies below the data folder."""
        return f"manifest/{asset}/{day}.json"

    def find(self, asset: str, day: date | str) -> Entry | None:
        """Give the entry of a day, or None if the day was never materialized.

        Raises:
            CatalogCorrupt: The entry can't be read.
        """
        path = self.lake.path(self.path(asset, day))
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
        raise CatalogCorrupt(f"The manifest entry {path} can't be read ({cause}). Materialize {asset} of {day} again.")

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
        self.lake.write(self.path(entry.asset, entry.day), canonical_json(document))
        return entry

    def file(self, entry: Entry) -> Path:
        """Where the file of an entry lies: below the data folder, or where its owner keeps it."""
        return Path(entry.file) if Path(entry.file).is_absolute() else self.lake.path(entry.file)

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
                f"Materialize {entry.asset} of {entry.day} again; it is rebuilt from the archive's zip."
            )
        return entry

    def is_current(self, asset: str, day: date | str, sources: Mapping[str, str]) -> Entry | None:
        """Give the entry if it was made from just these sources by this code and its file is whole."""
        try:
            entry = self.find(asset, day)
            if entry is None or dict(entry.sources) != dict(sources) or entry.versions != versions():
                return None
            return self.verify(entry)
        except CatalogCorrupt:
            return None  # whatever is wrong with it, it will be built anew
