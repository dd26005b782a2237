"""Keys of the archive and their paths, both ways and pure.

data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03-30.zip
"""

import re
from dataclasses import dataclass
from datetime import date

from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Interval, Listing, Market, month_of

_PATH = re.compile(
    r"data/(?P<root>spot|futures/um|futures/cm)/(?P<published>daily|monthly)/(?P<folder>[A-Za-z0-9]+)/"
    r"(?P<symbol>[^/]+)/(?:(?P<interval>[0-9a-z]+)/)?(?P<name>[^/]+)\.zip"
)


@dataclass(frozen=True, slots=True)
class ArchiveKey:
    """One zip of the archive.

    Attributes:
        listing: Market and symbol.
        folder: The publisher's name of the dataset.
        published: Daily or monthly.
        period: `YYYY-MM-DD`, or `YYYY-MM` for a month.
        interval: Length of a kline, for klines.
    """

    listing: Listing
    folder: str
    published: Published
    period: str
    interval: Interval | None = None

    @property
    def member(self) -> str:
        """Name of the only file in the zip."""
        middle = self.interval.value if self.interval else self.folder
        return f"{self.listing.symbol}-{middle}-{self.period}.csv"

    @property
    def days(self) -> tuple[date, date]:
        """First and last day of the file, both inclusive."""
        if self.published is Published.DAILY:
            day = date.fromisoformat(self.period)
            return day, day
        return month_of(date.fromisoformat(f"{self.period}-01"))

    @property
    def path(self) -> str:
        """Path of the zip in the archive and below our own `archive/`."""
        interval = f"{self.interval.value}/" if self.interval else ""
        return (
            f"data/{self.listing.market.root}/{self.published.value}/{self.folder}/{self.listing.symbol}/"
            f"{interval}{self.member.removesuffix('.csv')}.zip"
        )

    @property
    def checksum_path(self) -> str:
        """Path of the sidecar with the zip's SHA-256."""
        return f"{self.path}.CHECKSUM"


def key_of_day(dataset: Dataset, listing: Listing, day: date) -> ArchiveKey:
    """Key of the file that holds a dataset's day: of the day itself, or of its month."""
    period = day.isoformat() if dataset.published is Published.DAILY else f"{day:%Y-%m}"
    return ArchiveKey(dataset.published_listing(listing), dataset.folder, dataset.published, period, dataset.interval)


def key_of_month(dataset: Dataset, listing: Listing, day: date) -> ArchiveKey:
    """Key of the month's file that holds a day, also of a dataset that is published by days as well."""
    listed = dataset.published_listing(listing)
    return ArchiveKey(listed, dataset.folder, Published.MONTHLY, f"{day:%Y-%m}", dataset.interval)


def key_from_path(path: str) -> ArchiveKey:
    """Read a path of the archive; the inverse of `ArchiveKey.path`.

    Raises:
        ConfigInvalid: The archive has strays (spark parts, unpadded months); they are no keys.
    """
    match = _PATH.fullmatch(path)
    if match:
        interval = match["interval"]
        if interval is None or interval in set(Interval):
            key = ArchiveKey(
                Listing(Market(match["root"].removeprefix("futures/")), match["symbol"]),
                match["folder"],
                Published(match["published"]),
                match["name"][-10:] if match["published"] == "daily" else match["name"][-7:],
                Interval(interval) if interval else None,
            )
            if key.path == path and _is_period(key):
                return key
    raise ConfigInvalid(
        f"{path!r} is not a file of the archive: expected such as "
        "data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03-30.zip."
    )


def _is_period(key: ArchiveKey) -> bool:
    text = key.period if key.published is Published.DAILY else f"{key.period}-01"
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
