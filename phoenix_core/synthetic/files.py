"""Synthetic days as files of the archive: text, zip and checksum as the publisher writes them."""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    BOOK_TICKER,
    FUNDING_RATE,
    INDEX_PRICE_KLINES,
    KLINES,
    LIQUIDATION_SNAPSHOT,
    MARK_PRICE_KLINES,
    METRICS,
    PREMIUM_INDEX_KLINES,
    TRADES,
    Dataset,
    Published,
    availability_of,
    datasets_on,
)
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.keys import ArchiveKey, key_of_day
from phoenix_core.synthetic.market import (
    LOTS_PER_UNIT,
    SECONDS,
    TICKS_PER_UNIT,
    InverseDay,
    MarketDay,
    MarketSize,
    coins,
    contract_lots,
)

_TWELVE_BANDS_SINCE = date(2026, 1, 1)
_HEADERS_SINCE = date(2022, 8, 11)
_MICROSECONDS_SINCE = date(2025, 1, 1)  # on spot
_ROWS_AT_ONCE = 1_000_000
# Goes wherever a zip goes, through HTTP and into other folders: nobody can take it for the publisher's.
_NOTICE = b"Synthetic: made up by Phoenix, never traded."
NOTICE_BYTES = len(_NOTICE)


def write_archive(
    root: Path, listing: Listing, days: Sequence[date], *, seed: int = 7, size: MarketSize | None = None
) -> list[Path]:
    """Write all datasets of some days, and funding of their months where there is any, below a folder.

    It is the market of one coin, linear on spot and um and in contracts on cm. Datasets are written within their
    availability only, as the publisher did. The same arguments give the same bytes.

    Returns:
        The zips, each with its `.CHECKSUM` beside it.
    """
    written = []
    for day in days:
        market = market_day(listing, day, seed, size or MarketSize())
        known = (one for one in datasets_on(listing.market) if one.name in _TEXTS)
        alive = [one for one in known if availability_of(one, listing).excludes(day) is None]
        written += [write_dataset(root, listing, dataset, market) for dataset in alive]
    months = sorted({day.replace(day=1) for day in days if listing.market in FUNDING_RATE.columns})
    return [*written, *(_write_funding(root, listing, month, seed) for month in months)]


def market_day(listing: Listing, day: date, seed: int, size: MarketSize) -> MarketDay:
    """The synthetic day of a listing."""
    return (InverseDay if listing.market is Market.CM else MarketDay)(day, seed, size)


def write_dataset(root: Path, listing: Listing, dataset: Dataset, market: MarketDay) -> Path:
    """Write one daily dataset of a synthetic day as the publisher would, in bounded memory."""
    frame = _TEXTS[dataset.name](market)
    return write_zip(root, key_of_day(dataset, listing, market.day), _csv(dataset, listing.market, market.day, frame))


def write_zip(root: Path, key: ArchiveKey, text: Iterable[bytes]) -> Path:
    """Write one zip and its checksum; equal text gives equal bytes, however it is cut."""
    path = root / key.path
    path.parent.mkdir(parents=True, exist_ok=True)
    last = key.period if key.published is Published.DAILY else f"{key.period}-28"
    out = date.fromisoformat(last) + timedelta(1)
    info = zipfile.ZipInfo(key.member, (out.year, out.month, out.day, 6, 30, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    # Room for sizes of 4 GiB and more, which the largest days need.
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = _NOTICE
        with archive.open(info, "w", force_zip64=True) as member:
            for part in text:
                member.write(part)
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    Path(f"{path}.CHECKSUM").write_text(f"{digest}  {path.name}\n", encoding="ascii")
    return path


def is_synthetic(tail: bytes) -> bool:
    """Whether a zip says that it was written here, by its last `NOTICE_BYTES`: a zip ends with its comment."""
    return tail.endswith(_NOTICE)


def _csv(dataset: Dataset, market: Market, day: date, frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    if day >= _HEADERS_SINCE and market is not Market.SPOT:
        yield (",".join(column.name for column in dataset.columns[market]) + "\n").encode()
    for each in frames:
        frame = _of_spot(each, day) if market is Market.SPOT else each
        yield frame.select(pl.all().cast(pl.String)).write_csv(include_header=False).encode()


def _of_spot(frame: pl.DataFrame, day: date) -> pl.DataFrame:
    """Spot files: flags with a capital, whether a trade was the best match, and microseconds since 2025."""
    columns: list[pl.Expr | pl.Series] = []
    if day >= _MICROSECONDS_SINCE:
        for name in set(frame.columns) & {"transact_time", "time", "open_time", "close_time"}:
            rest = 999 if name == "close_time" else 0
            columns.append(pl.col(name) * 1000 + rest)
    if "is_buyer_maker" in frame.columns:
        columns += [pl.col("is_buyer_maker").str.to_titlecase(), pl.lit("True").alias("is_best_match")]
    return frame.with_columns(columns)


def fixed(values: np.ndarray, unit: int, decimals: int) -> pl.Series:
    """Integers of 1/unit as text with a fixed number of decimals."""
    places = len(str(unit)) - 1
    scaled = pl.Series(np.abs(values))
    sign = pl.Series(np.where(values < 0, "-", ""))
    whole, part = (scaled // unit).cast(pl.String), (scaled % unit).cast(pl.String).str.zfill(places)
    return sign + whole + "." + part + "0" * (decimals - places)


def short(values: np.ndarray, unit: int) -> pl.Series:
    """Integers of 1/unit as text without trailing zeros, but with one decimal at least."""
    text = fixed(values, unit, len(str(unit)) - 1).str.strip_chars_end("0")
    return text + pl.Series(np.where(text.str.ends_with(".").to_numpy(), "0", ""))


def _flags(values: np.ndarray) -> pl.Series:
    return pl.Series(np.where(values, "true", "false"))


def _agg_trades(day: MarketDay) -> pl.DataFrame:
    last = day.first_trade_id * 2 + day.fills_per_trade.cumsum() - 1
    return pl.DataFrame(
        {
            "agg_trade_id": day.first_trade_id + np.arange(day.trade_ms.size),
            "price": short(day.price_ticks, TICKS_PER_UNIT),
            "quantity": short(day.size_lots, LOTS_PER_UNIT),
            "first_trade_id": last - day.fills_per_trade + 1,
            "last_trade_id": last,
            "transact_time": day.trade_ms,
            "is_buyer_maker": _flags(day.is_sell),
        }
    )


def _trades(day: MarketDay) -> pl.DataFrame:
    """Each aggregate as its single trades: equal parts in lots, the last takes the rest."""
    step = day.step_lots
    fills = np.minimum(day.fills_per_trade, day.size_lots // step)
    base = np.repeat(np.arange(fills.size), fills)
    nth = np.arange(base.size) - np.repeat(fills.cumsum() - fills, fills)
    share = (day.size_lots // step // fills * step)[base]
    lots = np.where(nth == fills[base] - 1, day.size_lots[base] - share * nth, share)
    first = day.first_trade_id * 2 + (day.fills_per_trade.cumsum() - day.fills_per_trade)[base]
    price = day.price_ticks[base]
    return pl.DataFrame(
        {
            "id": first + nth,
            "price": short(price, TICKS_PER_UNIT),
            "qty": short(lots, LOTS_PER_UNIT),
            "quote_qty": (
                fixed(coins(lots, price), 10**8, 8)
                if isinstance(day, InverseDay)
                else short(price * lots, TICKS_PER_UNIT * LOTS_PER_UNIT)
            ),
            "time": day.trade_ms[base],
            "is_buyer_maker": _flags(day.is_sell[base]),
        }
    )


def _book_ticker(day: MarketDay) -> Iterator[pl.DataFrame]:
    """Quotes a million at a time: the texts of all at once would be ten times their numbers."""
    quotes = day.quotes
    for start in range(0, quotes["ms"].size, _ROWS_AT_ONCE):
        part = {name: values[start : start + _ROWS_AT_ONCE] for name, values in quotes.items()}
        yield pl.DataFrame(
            {
                "update_id": day.first_trade_id * 1000 + np.arange(start, start + part["ms"].size) * 7,
                "best_bid_price": fixed(part["bid_ticks"], TICKS_PER_UNIT, 8),
                "best_bid_qty": fixed(part["bid_lots"], LOTS_PER_UNIT, 8),
                "best_ask_price": fixed(part["ask_ticks"], TICKS_PER_UNIT, 8),
                "best_ask_qty": fixed(part["ask_lots"], LOTS_PER_UNIT, 8),
                "transaction_time": part["ms"],
                "event_time": part["ms"] + 5,
            }
        )


def _metrics(day: MarketDay) -> pl.DataFrame:
    ends = np.arange(300, SECONDS + 1, 300)
    cents = np.rint(day.mid_at(ends - 1) * 100).astype(np.int64)
    known = ends - (300 if isinstance(day, InverseDay) else 0)  # cm labels a period by its start
    labels = pl.from_epoch(pl.Series(day.start_ms // 1000 + known), "s").dt.strftime("%Y-%m-%d %H:%M:%S")
    frame = {
        "create_time": labels,
        "symbol": pl.repeat(day.symbol, ends.size, eager=True),
        "sum_open_interest": fixed(day.open_interest, LOTS_PER_UNIT, 16),
        "sum_open_interest_value": (
            fixed(coins(day.open_interest, cents // 10), 10**8, 16)
            if isinstance(day, InverseDay)
            else fixed(day.open_interest * cents, LOTS_PER_UNIT * 100, 16)
        ),
    }
    ratios = np.random.default_rng(day.seed).integers(100_000_000, 200_000_000, (4, ends.size))
    for name, values in zip(("c_top", "s_top", "c_all", "taker"), ratios, strict=True):
        frame[name] = fixed(values, 10**8, 8)
    return pl.DataFrame(frame)


def _book_depth(day: MarketDay) -> pl.DataFrame:
    bands = [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]
    texts = [str(band) for band in bands]
    if day.day >= _TWELVE_BANDS_SINCE:
        bands = [*bands[:5], -0.2, 0.2, *bands[5:]]  # type: ignore[list-item]
        texts = [f"{band:.2f}" for band in bands]
    reach = np.abs(np.array(bands, dtype=np.float64))
    count = day.depth_seconds.size
    mid = np.repeat(day.mid_at(day.depth_seconds), reach.size)
    level = np.repeat(day.liquidity, reach.size)
    lots = (1500.0 * LOTS_PER_UNIT * np.tile(reach**0.8, count) * level).astype(np.int64)
    side = np.tile(np.sign(np.array(bands, dtype=np.float64)), count)
    cents = np.rint(mid * (1 + side * np.tile(reach, count) / 200) * 100).astype(np.int64)
    notional = fixed(lots * cents, LOTS_PER_UNIT * 100, 8)
    if isinstance(day, InverseDay):
        lots = contract_lots(lots, cents // 10)
        notional = fixed(coins(lots, cents // 10), 10**8, 8)
    stamps = pl.from_epoch(pl.Series(day.start_ms // 1000 + day.depth_seconds), "s").dt.strftime("%Y-%m-%d %H:%M:%S")
    return pl.DataFrame(
        {
            "timestamp": np.repeat(stamps.to_numpy(), reach.size),
            "percentage": np.tile(np.array(texts, dtype=object), count).astype(str),
            "depth": fixed(lots, LOTS_PER_UNIT, 8),
            "notional": notional,
        }
    )


def _liquidations(day: MarketDay) -> pl.DataFrame:
    """The last sale of each second of a cascade, as the order that closed somebody's long."""
    second = (day.trade_ms - day.start_ms) // 1000
    forced = np.flatnonzero(day.is_sell & (day.selling[second] > 0))
    latest = forced[np.diff(second[forced], append=SECONDS) > 0]
    quantity = fixed(day.size_lots[latest], LOTS_PER_UNIT, 3)
    price = day.price_ticks[latest]
    return pl.DataFrame({"time": day.trade_ms[latest]}).with_columns(
        pl.lit("SELL").alias("side"),
        pl.lit("LIMIT").alias("order_type"),
        pl.lit("IOC").alias("time_in_force"),
        quantity.alias("original_quantity"),
        fixed(price - price // 200, TICKS_PER_UNIT, 2).alias("price"),
        fixed(price, TICKS_PER_UNIT, 2).alias("average_price"),
        pl.lit("FILLED").alias("order_status"),
        quantity.alias("last_fill_quantity"),
        quantity.alias("accumulated_fill_quantity"),
    )


def _minutes(day: MarketDay) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Open, high, low, close (ticks), volume and bought volume (lots), turnover, count of each minute."""
    trades = pl.DataFrame(
        {
            "minute": (day.trade_ms - day.start_ms) // 60_000,
            "price": day.price_ticks,
            "lots": day.size_lots,
            "fills": day.fills_per_trade,
            "bought": np.where(day.is_sell, 0, day.size_lots),
            "turnover": day.turnover,
            "bought_turnover": np.where(day.is_sell, 0, day.turnover),
        }
    )
    minutes = trades.group_by("minute", maintain_order=True).agg(
        pl.col("price").first().alias("open"),
        pl.col("price").max().alias("high"),
        pl.col("price").min().alias("low"),
        pl.col("price").last().alias("close"),
        pl.col("lots", "turnover", "bought", "bought_turnover", "fills").sum(),
    )
    whole = pl.DataFrame({"minute": np.arange(1440)}).join(minutes, on="minute", how="left", maintain_order="left")
    whole = whole.with_columns(pl.col("close").forward_fill().backward_fill())
    whole = whole.with_columns(pl.col("open", "high", "low").fill_null(pl.col("close"))).fill_null(0)
    return day.start_ms + np.arange(1440) * 60_000, {name: whole[name].to_numpy() for name in whole.columns}


def _kline(opens: np.ndarray, prices: Sequence[pl.Series], rest: dict[str, pl.Series]) -> pl.DataFrame:
    zero = pl.repeat("0", opens.size, eager=True)
    names = ("open", "high", "low", "close")
    return pl.DataFrame(
        {
            "open_time": opens,
            **dict(zip(names, prices, strict=True)),
            "volume": rest.get("volume", zero),
            "close_time": opens + 59_999,
            "quote_volume": rest.get("quote_volume", zero),
            "count": rest.get("count", pl.repeat(60, opens.size, eager=True)),
            "taker_buy_volume": rest.get("taker_buy_volume", zero),
            "taker_buy_quote_volume": rest.get("taker_buy_quote_volume", zero),
            "ignore": zero,
        }
    )


def _klines(day: MarketDay) -> pl.DataFrame:
    opens, minute = _minutes(day)
    unit, decimals = (10**8, 8) if isinstance(day, InverseDay) else (TICKS_PER_UNIT * LOTS_PER_UNIT, 5)
    return _kline(
        opens,
        [fixed(minute[name], TICKS_PER_UNIT, 2) for name in ("open", "high", "low", "close")],
        {
            "volume": fixed(minute["lots"], LOTS_PER_UNIT, 3),
            "quote_volume": fixed(minute["turnover"], unit, decimals),
            "count": pl.Series(minute["fills"]),
            "taker_buy_volume": fixed(minute["bought"], LOTS_PER_UNIT, 3),
            "taker_buy_quote_volume": fixed(minute["bought_turnover"], unit, decimals),
        },
    )


def _computed(shift: int) -> Callable[[MarketDay], pl.DataFrame]:
    """Klines of a computed price: 8 decimals, `shift` parts in 1e8 beside the trades."""

    def text(day: MarketDay) -> pl.DataFrame:
        opens, minute = _minutes(day)
        prices = [minute[name] * 10**7 + minute[name] * shift // 10 for name in ("open", "high", "low", "close")]
        return _kline(opens, [fixed(price, 10**8, 8) for price in prices], {})

    return text


def _premium(day: MarketDay) -> pl.DataFrame:
    opens, _ = _minutes(day)
    rng = np.random.default_rng([day.seed, day.day.toordinal(), 3])
    close = rng.integers(-20_000, 60_000, 1440)
    reach = rng.integers(0, 10_000, (2, 1440))
    open_ = np.append(close[0], close[:-1])
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    twelve = pl.repeat(12, 1440, eager=True)
    return _kline(opens, [fixed(price, 10**8, 8) for price in (open_, high, low, close)], {"count": twelve})


def _write_funding(root: Path, listing: Listing, month: date, seed: int) -> Path:
    first, last = FUNDING_RATE.period_of(month)
    rows = []
    for offset in range((last - first).days + 1):
        day = MarketDay(first + timedelta(offset), seed)
        for hour, rate in zip((0, 8, 16), day.funding_rates(), strict=True):
            rows.append(f"{day.start_ms + hour * 3_600_000 + int(rate) % 9},8,{fixed(np.array([rate]), 10**8, 8)[0]}")
    names = ",".join(column.name for column in FUNDING_RATE.columns[listing.market])
    return write_zip(root, key_of_day(FUNDING_RATE, listing, month), [("\n".join([names, *rows]) + "\n").encode()])


def _at_once(text: Callable[[MarketDay], pl.DataFrame]) -> Callable[[MarketDay], Iterable[pl.DataFrame]]:
    return lambda day: [text(day)]


_TEXTS: dict[str, Callable[[MarketDay], Iterable[pl.DataFrame]]] = {
    AGG_TRADES.name: _at_once(_agg_trades),
    TRADES.name: _at_once(_trades),
    BOOK_TICKER.name: _book_ticker,
    METRICS.name: _at_once(_metrics),
    BOOK_DEPTH.name: _at_once(_book_depth),
    LIQUIDATION_SNAPSHOT.name: _at_once(_liquidations),
    KLINES.name: _at_once(_klines),
    MARK_PRICE_KLINES.name: _at_once(_computed(2_000)),
    INDEX_PRICE_KLINES.name: _at_once(_computed(0)),
    PREMIUM_INDEX_KLINES.name: _at_once(_premium),
}
