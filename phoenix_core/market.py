"""What is traded where, and the days it is traded on.

Markets, symbols, intervals, listings and UTC days, each refusing what it can't be: everything that
later becomes a path or a URL is made here. Nothing about datasets or files belongs here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from phoenix_core.errors import ConfigInvalid

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
DAY_NS = 86_400 * NS_PER_SECOND
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# Upper-case letters and digits, with the suffix of a perpetual or of a delivery date. Names in other
# scripts exist on the exchange; they are refused until somebody needs them (every accepted character
# ends up in paths, URLs and SQL).
_SYMBOL = re.compile(r"[A-Z0-9]{2,30}(_(PERP|\d{6}))?")


class Market(StrEnum):
    """One of the archive's three trees."""

    SPOT = "spot"
    UM = "um"
    CM = "cm"

    @property
    def root(self) -> str:
        """Folder of the market below `data/` in the archive."""
        return "spot" if self is Market.SPOT else f"futures/{self.value}"


class Interval(StrEnum):
    """Kline lengths, in the archive's spelling (a month is `1mo`)."""

    S1 = "1s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    D3 = "3d"
    W1 = "1w"
    MO1 = "1mo"

    @property
    def nanoseconds(self) -> int:
        """Length; a month counts as 31 days, its longest."""
        seconds = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "mo": 31 * 86_400}
        unit = self.value.lstrip("0123456789")
        return int(self.value.removesuffix(unit)) * seconds[unit] * NS_PER_SECOND


def _ends_in_a_day(symbol: str) -> bool:
    """Whether the digits behind a contract's name, if it has some, are a day of delivery."""
    digits = symbol.partition("_")[2]
    try:
        return not digits.isdigit() or bool(date.fromisoformat(f"20{digits}"))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, order=True)
class Listing:
    """A symbol on a market, for example `um:BTCUSDT`.

    >>> Listing.parse("um:BTCUSDT")
    Listing(market=<Market.UM: 'um'>, symbol='BTCUSDT')
    """

    market: Market
    symbol: str

    def __post_init__(self) -> None:
        if not _SYMBOL.fullmatch(self.symbol) or not _ends_in_a_day(self.symbol):
            raise ConfigInvalid(
                f"Symbol {self.symbol[:60]!r} is not a Binance symbol: expected 2 to 30 capitals and digits, "
                "perhaps with _PERP or _YYMMDD, such as BTCUSDT or BTCUSD_PERP. Correct PHOENIX_SYMBOLS."
            )

    def __str__(self) -> str:
        return f"{self.market.value}:{self.symbol}"

    @property
    def path(self) -> str:
        """Lower-case `market/symbol`, the prefix of asset keys and of our own folders."""
        return f"{self.market.value}/{self.symbol.lower()}"

    @property
    def delivery(self) -> date | None:
        """The day on which a contract is delivered, or None for what has no end.

        >>> Listing.parse("um:BTCUSDT_240927").delivery
        datetime.date(2024, 9, 27)
        """
        digits = self.symbol.partition("_")[2]
        return date.fromisoformat(f"20{digits}") if digits.isdigit() else None

    @property
    def on_spot(self) -> "Listing | None":
        """The pair of a USD-M contract on spot; None for spot itself, and for COIN-M, whose USD is not traded there.

        >>> Listing.parse("um:BTCUSDT_240927").on_spot
        Listing(market=<Market.SPOT: 'spot'>, symbol='BTCUSDT')
        """
        return Listing(Market.SPOT, self.symbol.partition("_")[0]) if self.market is Market.UM else None

    @classmethod
    def parse(cls, text: str) -> "Listing":
        """Read `market:SYMBOL`.

        Raises:
            ConfigInvalid: No such market, or no such symbol could exist.
        """
        market, colon, symbol = text.strip().partition(":")
        if not colon or market not in set(Market):
            raise ConfigInvalid(
                f"{text[:60]!r} names no market: expected market:SYMBOL with one of "
                f"{', '.join(Market)}, such as um:BTCUSDT. Correct PHOENIX_SYMBOLS."
            )
        return cls(Market(market), symbol)


def day_from_text(text: str) -> date:
    """Read `YYYY-MM-DD`, and nothing looser.

    Raises:
        ConfigInvalid: Not a date, or not written so.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ConfigInvalid(f"{text[:60]!r} is not a day: expected YYYY-MM-DD, such as 2024-03-30.")
    return day


def day_start_ns(day: date) -> int:
    """00:00 UTC of a day, in nanoseconds since 1970.

    >>> day_start_ns(date(1970, 1, 2)) == DAY_NS
    True
    """
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_NS


def day_of_ns(ns: int) -> date:
    """UTC day of an instant.

    >>> day_of_ns(DAY_NS - 1)
    datetime.date(1970, 1, 1)
    """
    return date.fromordinal(_EPOCH_ORDINAL + ns // DAY_NS)


def days_between(first: date, last: date) -> list[date]:
    """All days from first to last, both inclusive.

    Raises:
        ConfigInvalid: The range runs backwards.
    """
    if last < first:
        raise ConfigInvalid(f"The range {first}...{last} runs backwards: give the earlier day first.")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def month_of(day: date) -> tuple[date, date]:
    """First and last day of a day's month.

    >>> month_of(date(2024, 2, 10))
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    """
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def ranges_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last of each unbroken range of days."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def ranges_text(days: Iterable[date]) -> str:
    """Days as a person writes them.

    >>> ranges_text([date(2024, 3, 28), date(2024, 3, 29), date(2024, 3, 30), date(2024, 4, 2)])
    '2024-03-28…30, 2024-04-02'
    >>> ranges_text([date(2024, 2, 29), date(2024, 3, 1)])
    '2024-02-29…03-01'
    """
    return ", ".join(_range_text(first, last) for first, last in ranges_of(days))


def _range_text(first: date, last: date) -> str:
    if first == last:
        return str(first)
    if first.year != last.year:
        return f"{first}…{last}"
    return f"{first}…{last:%d}" if first.month == last.month else f"{first}…{last:%m-%d}"


def utc_today() -> date:
    """Today's UTC day: the one place that reads the clock."""
    return datetime.now(UTC).date()  # noqa: TID251 - this is the one place
