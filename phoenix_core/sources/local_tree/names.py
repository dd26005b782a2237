"""What a file's name says: symbol, kline interval, dataset, day or month, and container.

The publisher's names are `BTCUSDT-aggTrades-2024-03-30.zip` and `BTCUSDT-1m-2024-03.zip`. People rename,
so separators, letter case and additions behind the date (`copy`, `(1)`) do not matter. What a name leaves
open is settled by the folders above it and by the file's first rows (`evidence.py`).
"""

import re
from dataclasses import dataclass
from datetime import date

from phoenix_core.datasets import Published
from phoenix_core.market import Interval
from phoenix_core.sources.containers import Container, split_container

_NAME = re.compile(
    r"(?P<symbol>[A-Za-z0-9]{2,30}(?:_(?:PERP|\d{6}))?)(?P<middle>(?:[-_. ][A-Za-z0-9]+)*?)"
    r"[-_. ](?P<year>\d{4})-?(?P<month>\d{2})(?:-?(?P<day>\d{2}))?(?!\d).*",
    re.IGNORECASE,
)
# The archive writes a month as 1mo; the exchange's API, whose files people keep as well, as 1M.
_INTERVALS = {interval.value: interval for interval in Interval} | {"1M": Interval.MO1}


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says.

    Attributes:
        symbol: In capitals, as the exchange writes it.
        interval: Length of a kline, where the name has one.
        words: What else stands between symbol and date, in lower case without separators: perhaps a dataset.
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


def read_name(name: str) -> FileName | None:
    """Read a file's name; None where it can't be one of the archive's.

    >>> read_name("BTCUSDT-1m-2024-03.csv.gz").published
    <Published.MONTHLY: 'monthly'>
    >>> read_name("notes.csv") is None
    True
    """
    stem, container = split_container(name)
    match = _NAME.fullmatch(stem)
    if match is None or container is None:
        return None
    parts = [part for part in re.split(r"[-_. ]", match["middle"]) if part]
    intervals = [_INTERVALS[part] for part in parts if part in _INTERVALS]
    try:
        first = date(int(match["year"]), int(match["month"]), int(match["day"] or 1))
    except ValueError:
        return None
    return FileName(
        symbol=match["symbol"].upper(),
        interval=intervals[0] if intervals else None,
        words="".join(part for part in parts if part not in _INTERVALS).lower(),
        published=Published.DAILY if match["day"] else Published.MONTHLY,
        first=first,
        container=container,
    )
