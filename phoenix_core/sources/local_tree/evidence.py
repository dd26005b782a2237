"""Which market and dataset a file belongs to, by what its name, its folders, its symbol and its rows admit.

Each piece of evidence names the candidates that it admits; what all of them admit together is the answer.
None left means that two pieces contradict each other, several mean that somebody must be asked. Nothing
is guessed: spot and futures files have the same names, and so have klines of trades, marks and indices.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import NamedTuple

from phoenix_core.columns import Column, Kind, Role
from phoenix_core.datasets import DATASETS, KLINES, PREMIUM_INDEX_KLINES, Dataset
from phoenix_core.market import NS_PER_MS, Interval, Market
from phoenix_core.sources.local_tree.names import FileName


class Candidate(NamedTuple):
    """A dataset on a market; klines stand for those of every length."""

    market: Market
    dataset: str

    def __str__(self) -> str:
        return f"{self.market.value}:{self.dataset}"


Candidates = frozenset[Candidate]
_BY_NAME = {dataset.name: dataset for dataset in DATASETS}
EVERY: Candidates = frozenset(Candidate(market, dataset.name) for dataset in DATASETS for market in dataset.markets)

# The nearest folder that names a market decides; futures alone leaves two of them.
_MARKET_WORDS = (
    (re.compile(r"(^|[^a-z])spot"), {Market.SPOT}),
    (re.compile(r"(^|[^a-z])(um|usds?[-_ ]?m|usdt[-_ ]?m|linear)([^a-z]|$)"), {Market.UM}),
    (re.compile(r"(^|[^a-z])(cm|coin[-_ ]?m|inverse|delivery)([^a-z]|$)"), {Market.CM}),
    (re.compile(r"(^|[^a-z])(futures?|fapi|perp(etual)?s?|swaps?)([^a-z]|$)"), {Market.UM, Market.CM}),
)
_SHORTEST_ABBREVIATION = 7  # "premium", "funding"; below that, words mean too much
_COIN_MARGINED = re.compile(r"[A-Z0-9]+USD(_PERP|_\d{6})|[A-Z0-9]+_PERP")
_LINEAR_DELIVERY = re.compile(r"[A-Z0-9]+(USDT|USDC|BUSD)_\d{6}")
_PAIR = re.compile(r"[A-Z0-9]+USD")  # of coin-margined contracts, or quoted in a stablecoin such as BUSD
_SPOT_DECIMALS = 8
_MICROSECOND_DIGITS = 16
_CELL = {
    Kind.INTEGER: re.compile(r"-?\d{1,18}"),
    Kind.EPOCH: re.compile(r"\d{13}|\d{16}"),
    Kind.CLOCK: re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"),
    Kind.FLAG: re.compile(r"(?i)true|false"),
    Kind.TEXT: re.compile(r".*"),
}


def is_header(row: str) -> bool:
    """Whether a row holds names: a data row starts with a number or a date."""
    return bool(re.match(r"\s*\"?[A-Za-z_]", row))


def admitted_by_name(name: FileName) -> Candidates:
    """What the words and the interval of a file's name admit."""
    admitted = _admitted_by_words(name.words)
    if name.interval is not None:
        admitted &= frozenset(one for one in EVERY if _BY_NAME[one.dataset].interval is not None)
    return admitted


@cache
def _admitted_by_words(words: str) -> Candidates:
    markets = next((found for pattern, found in _MARKET_WORDS if pattern.search(words)), set(Market))
    return frozenset(one for one in _of_datasets(_datasets_called(_letters(words))) if one.market in markets)


@cache
def admitted_by_folders(folders: tuple[str, ...]) -> Candidates:
    """What folders admit, the nearest first: the nearest that names a market, and a dataset, decides."""
    lower = [folder.lower() for folder in reversed(folders)]
    markets = next((found for folder in lower for words, found in _MARKET_WORDS if words.search(folder)), set(Market))
    datasets = next((found for folder in lower if (found := _datasets_called(_letters(folder)))), ())
    return frozenset(one for one in _of_datasets(datasets) if one.market in markets)


def admitted_by_symbol(symbol: str) -> Candidates:
    """What the form of a symbol admits: coin-margined contracts are called `BTCUSD_PERP` or `BTCUSD_250328`."""
    if _COIN_MARGINED.fullmatch(symbol):
        return frozenset(one for one in EVERY if one.market is Market.CM)
    if _LINEAR_DELIVERY.fullmatch(symbol):
        return frozenset(one for one in EVERY if one.market is Market.UM)
    if _PAIR.fullmatch(symbol):  # an index belongs to the pair, not to one of its contracts
        # Of the dollars that USD-M is quoted in only BUSD ends so.
        by_market = {Market.SPOT, Market.UM} if symbol.endswith("BUSD") else {Market.SPOT}
        return frozenset(one for one in EVERY if one.market in by_market or _is_of_pairs(one))
    return frozenset(one for one in EVERY if one.market is not Market.CM)


def _is_of_pairs(candidate: Candidate) -> bool:
    return candidate.market in _BY_NAME[candidate.dataset].by_pair


def admitted_by_rows(rows: Sequence[str]) -> Candidates:
    """What a header and the first rows admit; all where there are none."""
    if not rows:
        return EVERY
    cells = [row.rstrip("\r").split(",") for row in rows]
    has_header = is_header(rows[0])
    header = [cell.strip().strip('"') for cell in cells[0]] if has_header else None
    data = cells[1:] if has_header else cells
    admitted = {one for one in EVERY if _fits(_BY_NAME[one.dataset].columns[one.market], header, data)}
    if has_header:  # spot files never had one (https://github.com/binance/binance-public-data#data-format)
        admitted = {one for one in admitted if one.market is not Market.SPOT} or admitted
    elif data:
        admitted = _by_digits(admitted, data)
    return frozenset(_by_volume(admitted, data))


def interval_of_rows(rows: Sequence[str]) -> Interval | None:
    """Length of klines by the first row's open and close time; None where these are not a length."""
    data = [row for row in rows if not is_header(row)]
    cells = data[0].split(",") if data else []
    try:
        opened, closed = (int(cells[_position(role)]) for role in (Role.OPEN_TIME, Role.CLOSE_TIME))
    except (IndexError, ValueError):
        return None
    nanoseconds = (closed - opened + 1) * (1_000 if len(str(opened)) == _MICROSECOND_DIGITS else NS_PER_MS)
    return next((one for one in Interval if one.nanoseconds == nanoseconds), None)


def described(candidates: Iterable[Candidate]) -> str:
    """Candidates in one line."""
    return ", ".join(sorted(map(str, candidates)))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


@cache
def _datasets_called(words: str) -> tuple[str, ...]:
    """Datasets that words name: by the publisher's folder, the longest that they contain, or its beginning."""
    names = {_letters(dataset.folder): dataset.name for dataset in DATASETS}
    contained = [folder for folder in names if folder in words]
    if contained:
        return (names[max(contained, key=len)],)
    if len(words) >= _SHORTEST_ABBREVIATION:
        return tuple(name for folder, name in names.items() if folder.startswith(words))
    return ()


def _of_datasets(names: Sequence[str]) -> Candidates:
    return frozenset(one for one in EVERY if one.dataset in names) if names else EVERY


def _fits(columns: Sequence[Column], header: list[str] | None, data: Sequence[Sequence[str]]) -> bool:
    if header is not None and sorted(header) != sorted(column.name for column in columns):
        return False
    by_name = {column.name: column for column in columns}
    ordered = [by_name[name] for name in header] if header is not None else list(columns)
    return all(
        len(row) == len(ordered) and all(_reads_as(column, cell) for column, cell in zip(ordered, row, strict=True))
        for row in data
    )


def _reads_as(column: Column, cell: str) -> bool:
    if column.kind is Kind.DECIMAL:
        return cell == "" or _decimal(cell) is not None
    return bool(_CELL[column.kind].fullmatch(cell.strip().strip('"'))) or (cell == "" and column.may_be_blank)


def _decimal(cell: str) -> Decimal | None:
    try:
        value = Decimal(cell)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _by_digits(admitted: set[Candidate], data: Sequence[Sequence[str]]) -> set[Candidate]:
    """Tell spot klines from futures klines where both could be: spot writes eight decimals, or microseconds."""
    markets = {one.market for one in admitted}
    if Market.SPOT not in markets or len(markets) == 1:
        return admitted
    row = data[0]
    is_spot = len(row[0]) == _MICROSECOND_DIGITS or all(
        len(cell.partition(".")[2]) == _SPOT_DECIMALS for cell in row[1:6]
    )
    return {one for one in admitted if (one.market is Market.SPOT) is is_spot}


def _by_volume(admitted: set[Candidate], data: Sequence[Sequence[str]]) -> set[Candidate]:
    """Only klines of trades have volume; those of marks, indices and premiums count samples without one."""
    if not any(one.dataset == KLINES.name for one in admitted):
        return admitted
    if any(_decimal(row[_position(Role.VOLUME)]) for row in data):
        return {one for one in admitted if one.dataset == KLINES.name}
    if any(row[_position(Role.OPEN)].startswith("-") for row in data):
        return {one for one in admitted if one.dataset == PREMIUM_INDEX_KLINES.name}
    if any(_decimal(row[_position(Role.TRADE_COUNT)]) for row in data):
        return {one for one in admitted if one.dataset != KLINES.name}
    return admitted


def _position(role: Role) -> int:
    """Where a kline has a column."""
    return KLINES.columns[Market.UM].index(KLINES.column(role))


def dataset_of(candidate: Candidate) -> Dataset:
    """The registry's entry of a candidate."""
    return _BY_NAME[candidate.dataset]
