"""What a file's name says: symbol, kline interval, dataset, day or month, and container.

The publisher's names are `BTCUSDT-aggTrades-2024-03-30.zip` and `BTCUSDT-1m-2024-03.zip`. People rename,
so separators, letter case, the place of the date, and additions before the symbol or behind the date (`binance_`,
`copy`, `(1)`) do not matter. What a name leaves open is settled by the folders above it and by the file's first rows
(`evidence.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from phoenix_core.datasets import DATASETS, Published
from phoenix_core.market import Interval
from phoenix_core.sources.containers import Container, split_container

# The archive begins in 2017. A single digit behind a month is a day that was cut short, and no month.
_DATE = re.compile(
    r"(?<!\d)(?P<year>20(?:1[7-9]|[2-9]\d))[-_. ]?(?P<month>\d{2})(?:[-_. ]?(?P<day>\d{2}))?(?![-_.]?\d)"
)
_PART = re.compile(r"[^\W_]+(?:_(?:PERP|\d{6})(?![^\W_]))?", re.IGNORECASE)
_SYMBOL = re.compile(r"[A-Z0-9]{2,30}(?:_(?:PERP|\d{6}))?")
# What symbols are quoted in (symbols of https://api.binance.com/api/v3/exchangeInfo, 2024-03). It tells a symbol from
# other words of a name; where no part of a name has it, the symbol comes first, as in the publisher's names.
_IN_DOLLARS = re.compile(r"[A-Z0-9]+(?:USDT|USDC|USDP|USDS|USD1|USD)(?:_(?:PERP|\d{6}))?")
_IN_OTHERS = re.compile(
    r"[A-Z0-9]+(?:DAI|PAX|UST|EUR|EURI|GBP|TRY|BRL|AUD|RUB|UAH|NGN|ZAR|IDRT|IDR|BIDR|BKRW|BVND|VAI|JPY|MXN|PLN|RON|"
    r"ARS|COP|CZK|BTC|ETH|BNB|XRP|TRX|DOGE|SOL|DOT)"
)
_DATASET_WORDS = {dataset.folder.upper() for dataset in DATASETS}
# The archive writes a month as 1mo; the exchange's API, whose files people keep as well, as 1M.
_MONTH_OF_THE_API = "1M"
_INTERVALS = {interval.value: interval for interval in Interval} | {_MONTH_OF_THE_API: Interval.MO1}


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says.

    Attributes:
        symbol: In capitals, as the exchange writes it.
        interval: Length of a kline, where the name has one.
        words: What else stands beside the symbol, in lower case with spaces between: perhaps a dataset, or a market.
        published: A day's file or a month's.
        first: First day that it covers.
        container: How its bytes are wrapped.
    """

    symbol: str
    interval: Interval | None
    words: str
    published: Published
    first: date
    container: Container


def read_name(name: str, folders: Sequence[str] = ()) -> FileName | None:
    """Read a file's name; None where it can't be one of the archive's.

    Args:
        name: The file's name.
        folders: Those above it, the nearest last: one may be the symbol, or the interval, that the name lacks.

    >>> read_name("BTCUSDT-1m-2024-03.csv.gz").published
    <Published.MONTHLY: 'monthly'>
    >>> read_name("2024-03-30.csv", ["BTCUSDT", "1m"]).symbol
    'BTCUSDT'
    >>> read_name("notes.csv") is None
    True
    """
    stem, container = split_container(name)
    match = _DATE.search(stem) if container is not None else None
    if container is None or match is None:
        return None
    try:
        first = date(int(match["year"]), int(match["month"]), int(match["day"] or 1))
    except ValueError:
        return None
    parts = _PART.findall(stem[: match.start()])
    if _quoted(parts) is None:  # the date may come first
        parts += _PART.findall(stem[match.end() :])
    intervals = {part: length for part in parts if (length := _interval(part, name)) is not None}
    rest = [part for part in parts if part not in intervals and part != _MONTH_OF_THE_API]
    symbol = _quoted(rest) or _quoted_of(tuple(folders)) or _first_symbol(rest)
    if symbol is None:
        return None
    words = " ".join(part for part in rest if part != symbol).lower()
    above = _INTERVALS.get(folders[-1]) if folders and not words else None
    return FileName(
        symbol=symbol.upper(),
        interval=next(iter(intervals.values()), above),
        words=words,
        published=Published.DAILY if match["day"] else Published.MONTHLY,
        first=first,
        container=container,
    )


def _interval(part: str, name: str) -> Interval | None:
    """Length of a kline; None for a month in a name that is all capitals, where it may be a minute: rows tell."""
    if part == _MONTH_OF_THE_API:
        return None if name == name.upper() else Interval.MO1
    return _INTERVALS.get(part.lower())


def _quoted(parts: Sequence[str]) -> str | None:
    """The part that says what it is quoted in: of several the last, which is next to the dataset."""
    for pattern in (_IN_DOLLARS, _IN_OTHERS):
        for part in reversed(parts):
            if pattern.fullmatch(part.upper()):
                return part
    return None


def _first_symbol(parts: Sequence[str]) -> str | None:
    return next(
        (part for part in parts if (name := part.upper()) not in _DATASET_WORDS and _SYMBOL.fullmatch(name)), None
    )


@cache
def _quoted_of(folders: tuple[str, ...]) -> str | None:
    return _quoted(folders)
