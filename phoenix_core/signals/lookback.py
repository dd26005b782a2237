"""What a day of signals looks back on: how far, from which bytes, and made where it is not there.

The graph of assets joins stages of the same day alone, so reaching into earlier days is the business of
this stage. Nothing here computes a signal (`table.py`), and nothing here is heavy to import: sensors ask
whether days are up to date.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS, Dataset
from phoenix_core.errors import (
    ArchiveCorrupt,
    ArchiveUnsafe,
    ChecksumMismatch,
    PhoenixError,
    PrecisionMismatch,
    RowsInvalid,
    SchemaDrift,
    SourceNotYet,
    SourceRefused,
    SourceVanished,
)
from phoenix_core.manifest import Entry, Key, Manifest, Remembered
from phoenix_core.market import Listing
from phoenix_core.signals.parameters import OI_DAYS

if TYPE_CHECKING:
    from phoenix_core.raw.store import Ingest

VOLUME_BUCKETS = "volume_buckets"
SIGNALS = "signals"
# Buckets, trades and depth: a trader's memory at midnight. The volatility's window is a day at most.
_YESTERDAY = 1
_DATASETS: Mapping[str, tuple[Dataset, int]] = {
    dataset.catalog_name: (dataset, days)
    for dataset, days in ((AGG_TRADES, _YESTERDAY), (BOOK_DEPTH, _YESTERDAY), (METRICS, OI_DAYS))
}
# What is wrong with one day's file is that day's failure. A day that looks back on it goes without it and says so,
# as it does for a file that was never published: one bad day must not turn the thirty after it red.
_LEFT_OUT = (
    SourceNotYet,
    SourceRefused,
    SourceVanished,
    ChecksumMismatch,
    ArchiveUnsafe,
    ArchiveCorrupt,
    SchemaDrift,
    RowsInvalid,
    PrecisionMismatch,
)
# Days of one run share most of their look-back: whoever comes second finds it made.
_MAKING = Lock()

Made = TypeVar("Made")


def reach(listing: Listing) -> dict[str, int]:
    """Days before its own that a day of signals reads, by full name of each input."""
    days = {f"{listing.path}/{VOLUME_BUCKETS}": _YESTERDAY}
    return days | {
        f"{listing.path}/{name}": back
        for name, (dataset, back) in _DATASETS.items()
        if listing.market in dataset.columns
    }


def signal_inputs(manifest: Manifest, listing: Listing, day: date) -> dict[str, Entry | None]:
    """Entries of all that a day of signals reads: today's by asset, earlier ones by `asset@day`."""
    keys = {
        f"{asset}@{day - timedelta(back)}" if back else asset: Key(asset, (day - timedelta(back)).isoformat())
        for asset, days_back in reach(listing).items()
        for back in range(days_back + 1)
    }
    found = manifest.find_many(keys.values())
    return {name: found.get(key) for name, key in keys.items()}


def signal_sources(manifest: Manifest, listing: Listing, day: date) -> dict[str, str]:
    """Data versions that a day of signals is made from.

    Where the day's own buckets are knowingly absent there are no signals, whatever came before.
    """
    inputs = signal_inputs(manifest, listing, day)
    buckets = inputs[f"{listing.path}/{VOLUME_BUCKETS}"]
    is_absent = buckets is not None and not buckets.published
    return {
        name: entry.data_version
        for name, entry in inputs.items()
        if entry is not None and not (is_absent and "@" in name)
    }


def out_of_date(manifest: Manifest, listing: Listing, first: date) -> list[date]:
    """Days from the first on, as far as anything reaches, whose signals were made from other bytes than are here."""
    remembered = Remembered(manifest.lake)  # thirty days look back on mostly the same ones
    days = [first + timedelta(ahead) for ahead in range(max(reach(listing).values()) + 1)]
    entries = manifest.find_days(f"{listing.path}/{SIGNALS}", days)
    return [day for day, entry in entries.items() if dict(entry.sources) != signal_sources(remembered, listing, day)]


@dataclass(frozen=True, slots=True)
class LookBack:
    """Makes what a day of signals looks back on, by the functions that publish it for its own day.

    Attributes:
        ingest: Brings raw days.
        listing: Market and symbol.
        at_once: Files that are fetched at the same time.
        say: Told what is left out, and why.
    """

    ingest: "Ingest"
    listing: Listing
    at_once: int
    say: Callable[[str], None]

    def make(self, day: date) -> Iterator[Entry]:
        """Make what the folder has no entry of, and give each entry as soon as it is recorded.

        What the manifest has, published or knowingly absent, is not asked of the archive again. A day whose
        own buckets are absent needs none of it.

        Raises:
            PhoenixError: Anything but a defect of an earlier day's file; the message names asset and day.
        """
        buckets = self._manifest.find(f"{self.listing.path}/{VOLUME_BUCKETS}", day)
        if buckets is not None and not buckets.published:
            return
        with _MAKING:
            wanted = list(self._lacking(day))
            yield from self._fetched(wanted, day)
            yield from self._converted(wanted, day)
            yield from self._bucketed(day)

    @property
    def _manifest(self) -> Manifest:
        return Manifest(self.ingest.lake)

    def _lacking(self, day: date) -> Iterator[tuple[Dataset, date]]:
        far = reach(self.listing)
        for name, (dataset, _) in _DATASETS.items():
            asset = f"{self.listing.path}/{name}"
            days = [day - timedelta(back) for back in range(1, far.get(asset, 0) + 1)]
            recorded = self._manifest.find_days(asset, days)
            yield from ((dataset, earlier) for earlier in days if earlier not in recorded)

    def _fetched(self, wanted: list[tuple[Dataset, date]], day: date) -> Iterator[Entry]:
        keys = [Key(f"{self.listing.path}/{dataset.name}", earlier.isoformat()) for dataset, earlier in wanted]
        recorded = self._manifest.find_many(keys)
        lacking = [one for one, key in zip(wanted, keys, strict=True) if key not in recorded]

        def fetch(one: tuple[Dataset, date]) -> Entry | PhoenixError | None:
            dataset, earlier = one
            try:
                return self._unless_defect(
                    lambda: self.ingest.day(dataset, self.listing, earlier), dataset.name, earlier, day
                )
            except PhoenixError as error:
                return error

        with ThreadPoolExecutor(self.at_once) as pool:
            outcomes = list(pool.map(fetch, lacking))
        # What arrived is given before what failed is raised: it is on the disk, so whoever keeps books must know.
        yield from (outcome for outcome in outcomes if isinstance(outcome, Entry))
        if errors := [outcome for outcome in outcomes if isinstance(outcome, PhoenixError)]:
            raise errors[0]

    def _converted(self, wanted: list[tuple[Dataset, date]], day: date) -> Iterator[Entry]:
        from phoenix_core.catalog.store import convert_day  # noqa: PLC0415 - brings Polars and pyarrow

        for dataset, earlier in wanted:
            if self._manifest.find(f"{self.listing.path}/{dataset.name}", earlier) is None:
                continue  # left out
            entry = self._unless_defect(
                lambda dataset=dataset, earlier=earlier: convert_day(  # type: ignore[misc]
                    self.ingest.lake, dataset, self.listing, earlier
                ),
                dataset.catalog_name,
                earlier,
                day,
            )
            if entry is not None:
                yield entry

    def _bucketed(self, day: date) -> Iterator[Entry]:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        earlier = day - timedelta(_YESTERDAY)
        has = self._manifest.find
        trades, buckets = f"{self.listing.path}/{AGG_TRADES.catalog_name}", f"{self.listing.path}/{VOLUME_BUCKETS}"
        if has(trades, earlier) is not None and has(buckets, earlier) is None:
            days = SignalDays(self.ingest.lake, self.listing)
            entry = self._unless_defect(lambda: days.publish_buckets(earlier), VOLUME_BUCKETS, earlier, day)
            if entry is not None:
                yield entry

    def _unless_defect(self, make: Callable[[], Made], name: str, earlier: date, day: date) -> Made | None:
        where = f"{self.listing.path}/{name} of {earlier}, on which {SIGNALS} of {day} look back"
        try:
            return make()
        except _LEFT_OUT as error:
            self.say(f"left out {where}: {error}")
            return None
        except PhoenixError as error:
            raise type(error)(f"{where}: {error}") from error
