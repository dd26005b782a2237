"""What a data folder holds, asset by asset: published days, and for each other day why it is not there.

Only the manifest is read: whether files are what it says is the question of `verification`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.market import day_from_text, days_between
from phoenix_core.sources.contract import Absence
from phoenix_core.storage import Lake

UNREADABLE = "unreadable"  # the entry is not what was written: `phoenix doctor` mends it
OTHER = "other"  # knowingly absent for a reason of its own, such as an input that is not there
KINDS = (*(kind.value for kind in Absence), OTHER, UNREADABLE)


@dataclass(slots=True)
class Held:
    """What there is of one asset.

    Attributes:
        asset: `market/symbol/name`.
        published: Days with a file.
        absent: Days with a record and no file, by kind, each with its reason.
        ranges: Results over several days.
        rows: Rows in all files.
        bytes: Bytes of all files.
    """

    asset: str
    published: list[date] = field(default_factory=list)
    absent: dict[str, dict[date, str]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    ranges: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    @property
    def recorded(self) -> list[date]:
        """Days that have a record, published or not."""
        return sorted([*self.published, *(day for days in self.absent.values() for day in days)])

    @property
    def unrecorded(self) -> list[date]:
        """Days between the first and the last record that have none: never asked for, or failed."""
        known = self.recorded
        return sorted(set(days_between(known[0], known[-1])) - set(known)) if known else []


def inventory(lake: Lake) -> Iterator[Held]:
    """Go through the manifest, asset by asset."""
    held: Held | None = None
    for key in Manifest(lake).recorded():
        if held is None or held.asset != key.asset:
            if held is not None:
                yield held
            held = Held(key.asset)
        _take(lake, held, key)
    if held is not None:
        yield held


def _take(lake: Lake, held: Held, key: Key) -> None:
    try:
        day = day_from_text(key.day)
    except ConfigInvalid:
        day = None  # a result over several days is named by its first and last
    try:
        entry = Manifest(lake).find(*key)
    except CatalogCorrupt as error:
        if day is not None:
            held.absent[UNREADABLE][day] = str(error)
        return
    if entry is None:
        return  # withdrawn while we look
    held.rows += entry.rows
    held.bytes += entry.bytes
    if day is None:
        held.ranges.append(key.day)
    elif entry.published:
        held.published.append(day)
    else:
        held.absent[_kind(entry)][day] = entry.reason


def _kind(entry: Entry) -> str:
    kind = str(entry.facts.get("absence") or entry.reason.partition(":")[0])
    return kind if kind in set(Absence) else OTHER
