"""What an archive lists: the symbols of a market, and the days of each, over HTTP or in a folder.

Over HTTP it is the object store's own listing, a page of a thousand names at a time: `delimiter=/&prefix=…` gives
folders, `prefix=…&marker=…` the names behind the marker. Only a page with a delimiter names the next marker; else it is
the last name. Strays (parts of a computation, months without a zero) lie between the files and are passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree as ET

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ConfigInvalid, SourceRefused
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_from_path, key_of_day

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_MOST_PAGES = 200  # of one folder: half a century of days


@dataclass(frozen=True, slots=True)
class _Page:
    names: tuple[str, ...]
    folders: tuple[str, ...]
    following: str  # marker of the next page; empty: it is the last


class Symbols(NamedTuple):
    """What is listed of a market.

    Attributes:
        listings: Its symbols, in order.
        others: Names in other letters, which are no symbols of ours.
    """

    listings: tuple[Listing, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArchiveListing:
    """The listing of an archive, by its days of aggregate trades, which every traded symbol has.

    Attributes:
        client: Speaks to the archive.
    """

    client: Archive

    @property
    def name(self) -> str:
        """Address of the archive."""
        return self.client.url("")

    @property
    def is_here(self) -> bool:
        """Whether it is a folder."""
        return self.client.is_folder

    def symbols(self, market: Market) -> Symbols:
        """Every symbol that has a folder, also of those that are traded no longer.

        Raises:
            SourceUnreachable: Also after all attempts.
            SourceRefused: The archive lists nothing there.
        """
        folder = f"data/{market.root}/daily/{AGG_TRADES.folder}/"
        if self.client.is_folder:
            names = [path.name for path in self.client.paths(folder) if path.is_dir()]
        else:
            names = [name.removeprefix(folder).rstrip("/") for name in self._names(folder, "/", "")]
        found = {name: _listing(market, name) for name in names}
        listings = sorted(listing for listing in found.values() if listing is not None)
        if not listings:
            raise SourceRefused(
                f"{self.client.url(folder)} lists no symbol: expected the archive's own layout, or an address that "
                "answers with the object store's listing. Correct PHOENIX_ARCHIVE_URL."
            )
        return Symbols(tuple(listings), tuple(sorted(name for name, listing in found.items() if listing is None)))

    def days(self, listing: Listing, after: date | None = None) -> list[date]:
        """Days of a symbol that are listed, in order.

        Args:
            listing: Market and symbol.
            after: Only later ones are asked for.
        """
        folder = key_of_day(AGG_TRADES, listing, date.max).path.rpartition("/")[0] + "/"
        if self.client.is_folder:
            names: Iterator[str] = (folder + path.name for path in self.client.paths(folder))
        else:
            marker = "" if after is None else key_of_day(AGG_TRADES, listing, after).checksum_path
            names = self._names(folder, "", marker)
        found = {day for name in names if (day := _day(name)) is not None}
        return sorted(day for day in found if after is None or day > after)

    def has(self, listing: Listing, day: date) -> bool:
        """Whether the file of a day is there, whatever the listing says: one request for its headers."""
        return self.client.size(key_of_day(AGG_TRADES, listing, day)) is not None

    def _names(self, prefix: str, delimiter: str, marker: str) -> Iterator[str]:
        for _ in range(_MOST_PAGES):
            page = self._page(prefix, delimiter, marker)
            yield from page.folders if delimiter else page.names
            if not page.following:
                return
            if page.following <= marker:
                break
            marker = page.following
        raise SourceRefused(
            f"The listing of {prefix} does not end: the page after {marker!r} does not go on. Try again later."
        )

    def _page(self, prefix: str, delimiter: str, marker: str) -> _Page:
        query = f"delimiter={quote(delimiter, safe='')}&prefix={quote(prefix)}&marker={quote(marker)}"
        text = self.client.listing_page(query)
        try:
            root = ET.fromstring(text)  # noqa: S314 - of the archive that we take all data from; expat bounds entities
        except ET.ParseError as error:
            raise SourceRefused(
                f"The listing of {prefix} is no XML: it begins with {text[:60]!r}. Correct PHOENIX_ARCHIVE_URL."
            ) from error
        names = tuple(one.text or "" for one in root.iter(f"{_NAMESPACE}Key"))
        folders = tuple(one.text or "" for one in root.iterfind(f"{_NAMESPACE}CommonPrefixes/{_NAMESPACE}Prefix"))
        if root.findtext(f"{_NAMESPACE}IsTruncated") != "true":
            return _Page(names, folders, "")
        last = max((*names, *folders), default="")
        return _Page(names, folders, root.findtext(f"{_NAMESPACE}NextMarker") or last)


def _listing(market: Market, name: str) -> Listing | None:
    try:
        return Listing(market, name)
    except ConfigInvalid:
        return None


def _day(name: str) -> date | None:
    try:
        return key_from_path(name).days[0]
    except ConfigInvalid:
        return None
