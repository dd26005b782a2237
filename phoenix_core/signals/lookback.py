"""What a day of signals looks back on is made where it is not there.

How far it looks back stands in `products.py`. The graph of assets joins stages of the same day alone, so
reaching into earlier days is the business of this stage. Nothing here computes a signal (`table.py`).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from phoenix_core.alone import made_alone
from phoenix_core.datasets import AGG_TRADES, Dataset
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
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import SIGNALS, VOLUME_BUCKETS, asset_name
from phoenix_core.storage.lake import Lake

if TYPE_CHECKING:
    from phoenix_core.raw.store import Ingest

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
        buckets = self._manifest.find(VOLUME_BUCKETS.asset(self.listing), day)
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
        for one in SIGNALS.inputs_on(self.listing.market):
            dataset = one.product.dataset
            if dataset is None:
                continue  # made from what is lacking here
            days = [day - timedelta(back) for back in range(1, one.days_back + 1)]
            recorded = self._manifest.find_days(one.product.asset(self.listing), days)
            yield from ((dataset, earlier) for earlier in days if earlier not in recorded)

    def _fetched(self, wanted: list[tuple[Dataset, date]], day: date) -> Iterator[Entry]:
        keys = [Key(asset_name(self.listing, dataset.name), earlier.isoformat()) for dataset, earlier in wanted]
        recorded = self._manifest.find_many(keys)
        lacking = [one for one, key in zip(wanted, keys, strict=True) if key not in recorded]

        def fetch(one: tuple[Dataset, date]) -> Entry | PhoenixError | None:
            dataset, earlier = one
            try:
                return self._unless_defect(
                    lambda lake: replace(self.ingest, lake=lake).day(dataset, self.listing, earlier),
                    dataset.name,
                    earlier,
                    day,
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
            if self._manifest.find(asset_name(self.listing, dataset.name), earlier) is None:
                continue  # left out
            entry = self._unless_defect(
                lambda lake, dataset=dataset, earlier=earlier: convert_day(  # type: ignore[misc]
                    lake, dataset, self.listing, earlier
                ),
                dataset.catalog_name,
                earlier,
                day,
            )
            if entry is not None:
                yield entry

    def _bucketed(self, day: date) -> Iterator[Entry]:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        has = self._manifest.find
        trades, buckets = asset_name(self.listing, AGG_TRADES.catalog_name), VOLUME_BUCKETS.asset(self.listing)
        for back in range(SIGNALS.days_back(VOLUME_BUCKETS.name), 0, -1):
            earlier = day - timedelta(back)
            if has(trades, earlier) is None or has(buckets, earlier) is not None:
                continue
            entry = self._unless_defect(
                lambda lake, earlier=earlier: SignalDays(lake, self.listing).publish_buckets(earlier),  # type: ignore[misc]
                VOLUME_BUCKETS.name,
                earlier,
                day,
            )
            if entry is not None:
                yield entry

    def _unless_defect(self, make: Callable[[Lake], Made], name: str, earlier: date, day: date) -> Made | None:
        key = Key(asset_name(self.listing, name), earlier.isoformat())
        where = f"{key.asset} of {earlier}, on which {SIGNALS.name} of {day} look back"
        try:
            return made_alone(self.ingest.lake, key, make)
        except _LEFT_OUT as error:
            self.say(f"left out {where}: {error}")
            return None
        except PhoenixError as error:
            raise type(error)(f"{where}: {error}") from error
