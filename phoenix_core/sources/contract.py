"""What a source of days is: where a day of a dataset lies, whether it is out, its checksum, and how it gets here.

    for file in source.find(dataset, listing, day):
        if source.size(file) is not None: ...

A source names files and hands them over. What becomes of them, which source is preferred and what is written
down is the business of `raw/`, which knows this module and no source; one suite of tests holds every source to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from phoenix_core.datasets import Dataset
from phoenix_core.errors import ChecksumMismatch
from phoenix_core.market import Listing
from phoenix_core.sources.containers import Container

Progress = Callable[[str, int, int | None], None]


def no_progress(name: str, done: int, total: int | None) -> None:
    """Ignore progress reports."""
    del name, done, total


class Absence(StrEnum):
    """Why a day has no file: three different things to a person."""

    NEVER = "never"  # outside the dataset's availability
    MISSING = "missing"  # should have been published, and was not
    NOT_YET = "not yet"


@dataclass(frozen=True, slots=True)
class Absent:
    """A day without a file, and the sentence that says why."""

    why: Absence
    reason: str


class Monthly(StrEnum):
    """When a day is taken out of a month's file, where its dataset has files of days as well."""

    NEVER = "never"  # the archive's months are not asked for; in a folder a month serves the days that lack a file
    MISSING = "missing"  # where the day has no file of its own
    FIRST = "first"  # before the day's own file: thirty times fewer requests for history


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that holds a day, or would hold it if it is out.

    Attributes:
        name: Address or path, by which people find it.
        key: Path that the archive has, or would have, for it. A copy lies there below `archive/`.
        first: Its first day.
        last: Its last day, inclusive.
        container: What its bytes are wrapped in.
        lies_at: Where it is used without being copied; None: it is fetched.
    """

    name: str
    key: str
    first: date
    last: date
    container: Container
    lies_at: Path | None = None

    @property
    def is_of_a_day(self) -> bool:
        """It holds one day and nothing else."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        sha256: Digest of its bytes.
        bytes: Its size.
        verified: The digest was compared with a published checksum.
    """

    sha256: str
    bytes: int
    verified: bool


def require_checksum(name: str, expected: str | None, found: str) -> None:
    """Compare a file's digest with the published one, where there is one.

    Raises:
        ChecksumMismatch: They differ.
    """
    if expected not in {None, found}:
        raise ChecksumMismatch(
            f"{name} does not have its published checksum: expected {expected}, found {found}. Copy or fetch it again."
        )


class Source(Protocol):
    """Where days come from. Each method may raise what its medium raises, as one of `errors.py`."""

    def find(self, dataset: Dataset, listing: Listing, day: date) -> Sequence[SourceFile]:
        """Files that may hold a day, the preferred first; none: it need not be asked about this day.

        Costs no request. Files of one month compare equal, whichever day they were found for.
        """

    def key_of_day(self, dataset: Dataset, listing: Listing, day: date) -> str:
        """Path that the archive has, or would have, for a day by itself."""

    def size(self, file: SourceFile) -> int | None:
        """Bytes of a file, without fetching it; None: it is not out."""

    def published_sha256(self, file: SourceFile) -> str | None:
        """Digest that the publisher states for a file; None: nobody vouches for it, it is unverified."""

    def fetch(
        self, file: SourceFile, into: Path, *, expected: str | None, max_bytes: int, progress: Progress = no_progress
    ) -> Fetched | None:
        """Write a file's bytes, compared with the digest that is expected; None: it is not out.

        What `into` holds after an error means nothing.
        """
