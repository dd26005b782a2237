"""A market as the publisher's zips have it, row by row, for the second implementation: no other module of Phoenix.

Only what the publisher's own page says is known here: columns by name, times in milliseconds or microseconds.
"""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from phoenix_core.verification.replayer import SECOND, Data

_DIGITS_OF_NS = 19
# As https://github.com/binance/binance-public-data describes them; files without a header have them in this order.
COLUMNS = {
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "bookTicker": "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time",
    "bookDepth": "timestamp,percentage,depth,notional",
    "fundingRate": "calc_time,funding_interval_hours,last_funding_rate",
    "markPriceKlines": "open_time,open,high,low,close,volume,close_time",
    "indexPriceKlines": "open_time,open,high,low,close,volume,close_time",
}


class OutOfOrderError(Exception):
    """A file's rows are not in the order of their times, and only Phoenix's own reader puts them in order."""


def rows(path: Path, kind: str, wanted: Sequence[str]) -> Iterator[list[str]]:
    """Wanted cells of each row of a published zip, with or without a header."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        read = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        first = next(read, None)
        if first is None:
            return
        has_header = first[0][:1].isalpha()
        names = [name.strip() for name in first] if has_header else COLUMNS[kind].split(",")
        places = [names.index(name) for name in wanted]
        if not has_header:
            yield [first[place] for place in places]
        for row in read:
            if row:
                yield [row[place] for place in places]


def trades(paths: Iterable[Path]) -> Iterator[tuple[Any, ...]]:
    """Aggregate trades of zips, oldest first: time, price, size, the aggressor's side."""
    for path in paths:
        wanted = ("transact_time", "price", "quantity", "is_buyer_maker")
        for time, price, quantity, is_buyer_maker in _in_order(path, "aggTrades", wanted):
            yield time, price, quantity, "SELLER" if is_buyer_maker.lower() == "true" else "BUYER"


def quotes(paths: Iterable[Path]) -> Iterator[tuple[Any, ...]]:
    """Best quotes of zips, oldest first: time, bid, its size, ask, its size."""
    wanted = ("transaction_time", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty")
    for path in paths:
        yield from map(tuple, _in_order(path, "bookTicker", wanted))


def depth(paths: Iterable[Path]) -> list[tuple[int, dict[Decimal, Decimal]]]:
    """Snapshots of zips: known a second after their label, which is cut to whole seconds."""
    snapshots: dict[int, dict[Decimal, Decimal]] = defaultdict(dict)
    for path in paths:
        for label, percentage, lots in rows(path, "bookDepth", ("timestamp", "percentage", "depth")):
            at = datetime.strptime(label, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            snapshots[(int(at.timestamp()) + 1) * SECOND][Decimal(percentage)] = Decimal(lots)
    return sorted(snapshots.items())


def funding(rates: Path, marks: Path, day_ns: int) -> list[tuple[int, Decimal, Decimal]]:
    """Funding of the day that begins at a time: time, rate, and the mark price that was known then.

    That is the close of the last minute that had ended; at midnight, where none of the day has, the open of the first.
    """
    wanted = ("close_time", "open", "close")
    minutes = sorted(
        (nanoseconds(time), Decimal(first), Decimal(last))
        for time, first, last in rows(marks, "markPriceKlines", wanted)
    )
    known = [(day_ns, minutes[0][1]), *((ended, last) for ended, _, last in minutes)]
    times = sorted(
        (nanoseconds(time), Decimal(rate))
        for time, rate in rows(rates, "fundingRate", ("calc_time", "last_funding_rate"))
    )
    return [
        (time, rate, [mark for at, mark in known if at <= time][-1])
        for time, rate in times
        if day_ns <= time < day_ns + 86_400 * SECOND
    ]


def delivery_price(index: Path, ends: int, minutes: int) -> Decimal:
    """Average of the closes of so many minutes before a time, to the eighth decimal, half to even."""
    closes = [
        Decimal(last)
        for time, last in rows(index, "indexPriceKlines", ("open_time", "close"))
        if ends - minutes * 60 * SECOND <= nanoseconds(time) < ends
    ]
    return (sum(closes, Decimal(0)) / len(closes)).quantize(Decimal("0.00000001"))


def data_of(trade_zips: Iterable[Path], quote_zips: Iterable[Path], depth_zips: Iterable[Path] = ()) -> Data:
    """The market of published zips, oldest first; it can be walked through once."""
    return Data(trades=trades(trade_zips), quotes=quotes(quote_zips), depth=depth(depth_zips))


def nanoseconds(text: str) -> int:
    """A published time, in milliseconds or, since 2025 on spot, microseconds.

    >>> nanoseconds("1711238400000") == nanoseconds("1711238400000000")
    True
    """
    return int(text.ljust(_DIGITS_OF_NS, "0"))


def _in_order(path: Path, kind: str, wanted: Sequence[str]) -> Iterator[list[Any]]:
    last = 0
    for text, *cells in rows(path, kind, wanted):
        time = nanoseconds(text)
        if time < last:
            raise OutOfOrderError(f"the rows of {path.name} are not in the order of their times")
        last = time
        yield [time, *cells]
