"""Every real file against its answer sheet, which other code computed row by row."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from nautilus_trader.model.data import Bar, FundingRateUpdate, MarkPriceUpdate, QuoteTick, TradeTick

from phoenix_core.catalog.schemas import DepthBand, OpenInterest
from phoenix_core.catalog.store import catalog_asset, convert_day, nautilus_catalog, read_day
from phoenix_core.datasets import Published, dataset_in_folder
from phoenix_core.market import days_between
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_from_path
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage import Lake
from phoenix_core.tables.read import DayTable

SHEET = Path(__file__).parents[3] / "shared" / "archive" / "expected.json"
FILES = sorted(json.loads(SHEET.read_text())) if SHEET.is_file() else ["no real files beside this checkout"]

# What a published column is called in the catalog, where NautilusTrader has a name of its own.
RENAMED = {
    "best_bid_price": "bid_price",
    "best_bid_qty": "bid_size",
    "best_ask_price": "ask_price",
    "best_ask_qty": "ask_size",
    "quantity": "size",
    "qty": "size",
}


def nanoseconds(text: str) -> int:
    if ":" in text:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return int(moment.timestamp()) * 10**9
    return int(text) * (10**6 if len(text) == 13 else 10**3)


def catalog_rows(path: str, root: Path, lake: Lake) -> pl.DataFrame:
    """All rows of a file out of the catalog, day by day; of a monthly kline file out of the reader."""
    key = key_from_path(path)
    dataset = dataset_in_folder(key.folder, key.interval)
    first = date.fromisoformat(key.period if len(key.period) == 10 else f"{key.period}-01")
    if key.published is Published.MONTHLY and dataset.published is Published.DAILY:
        return DayTable(root / path, key, dataset, key.days, lake.staging).frame()
    ingest = Ingest(lake, (BinanceArchive(Archive(str(root))),), date(2026, 11, 1))
    frames = []
    for day in days_between(*dataset.period_of(first)):
        assert ingest.day(dataset, key.listing, day).published
        if convert_day(lake, dataset, key.listing, day).published:
            frames.append(read_day(lake, catalog_asset(dataset, key.listing), day))
    return pl.concat(frames)


def column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name == "close" and "close" not in frame.columns:
        return frame["value"]
    return frame[name] if name in frame.columns else frame[RENAMED[name]]


def times(frame: pl.DataFrame, name: str) -> pl.Series:
    return (frame[name] if name in frame.columns else frame["ts_event"]).cast(pl.Int64)


def exact_sum(values: pl.Series) -> Decimal:
    return sum((Decimal(value) for value in values.drop_nulls()), Decimal(0))


@pytest.mark.parametrize("path", FILES)
def test_rows_times_and_sums_come_back(path, real_files, expected, lake):
    """Row count, first, last, least and greatest time, and every decimal sum, to the last digit."""
    answer = expected[path]
    frame = catalog_rows(path, real_files, lake)
    found = times(frame, answer["time_column"])
    assert frame.height == answer["rows"]
    assert (found.min(), found.max()) == (nanoseconds(answer["min_time"]), nanoseconds(answer["max_time"]))
    if answer["in_time_order"]:
        assert (found[0], found[-1]) == (nanoseconds(answer["first_time"]), nanoseconds(answer["last_time"]))
    for name, total in answer["sums"].items():
        assert exact_sum(column(frame, name)) == Decimal(total), name


@pytest.mark.parametrize("path", [path for path in FILES if "rades" in path] or FILES)
def test_sides_and_notional_come_back(path, real_files, expected, lake):
    """Sales by aggressors, and the sum of price times quantity, of all and of these."""
    answer = expected[path]
    frame = catalog_rows(path, real_files, lake)
    is_sale = frame["aggressor_side"] == 2
    assert int(is_sale.sum()) == answer["seller_initiated_rows"]
    for name, rows in (("all", frame), ("seller_initiated", frame.filter(is_sale))):
        notional = sum((p * q for p, q in rows.select("price", "size").iter_rows()), Decimal(0))
        assert notional == Decimal(answer["price_times_quantity"][name])


def published_rows(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.reader(io.TextIOWrapper(archive.open(archive.namelist()[0]), "utf-8")))
    return rows[1:] if rows[0][0][:1].isalpha() else rows


# How NautilusTrader's objects look in the published columns.
AS_PUBLISHED = {
    "aggTrades": (TradeTick, lambda t: (t.trade_id.value, t.price.as_decimal(), t.size.as_decimal()), (0, 1, 2)),
    "trades": (TradeTick, lambda t: (t.trade_id.value, t.price.as_decimal(), t.size.as_decimal()), (0, 1, 2)),
    "bookTicker": (
        QuoteTick,
        lambda q: tuple(v.as_decimal() for v in (q.bid_price, q.bid_size, q.ask_price, q.ask_size)),
        (1, 2, 3, 4),
    ),
    "klines": (Bar, lambda b: tuple(v.as_decimal() for v in (b.open, b.high, b.low, b.close, b.volume)), range(1, 6)),
    "indexPriceKlines": (Bar, lambda b: tuple(v.as_decimal() for v in (b.open, b.high, b.low, b.close)), range(1, 5)),
    "premiumIndexKlines": (Bar, lambda b: tuple(v.as_decimal() for v in (b.open, b.high, b.low, b.close)), range(1, 5)),
    "markPriceKlines": (MarkPriceUpdate, lambda m: (m.value.as_decimal(),), (4,)),
    "fundingRate": (FundingRateUpdate, lambda f: (Decimal(f.rate),), (2,)),
    "metrics": (OpenInterest, lambda o: (o.data.sum_open_interest, o.data.sum_open_interest_value), (2, 3)),
    "bookDepth": (DepthBand, lambda d: (d.data.percentage, d.data.depth, d.data.notional), (1, 2, 3)),
}
DAILY = [path for path in FILES if "/monthly/klines/" not in path]


@pytest.mark.parametrize("path", DAILY)
def test_nautilus_gives_the_values_of_the_csv(path, real_files, lake):
    """Its own catalog class opens every file we write, and each value equals the published text."""
    catalog_rows(path, real_files, lake)
    kind, values, columns = AS_PUBLISHED[path.split("/daily/")[-1].split("/monthly/")[-1].split("/")[0]]
    rows = published_rows(real_files / path)
    if path.split("/")[-1].startswith("BTCUSDT-metrics"):
        rows.sort(key=lambda row: row[0])
    published = [tuple(row[n] if kind is TradeTick and n == 0 else Decimal(row[n]) for n in columns) for row in rows]
    assert [values(item) for item in nautilus_catalog(lake).query(kind)] == published


def test_malformed_bars_are_kept_and_counted(real_files, lake):
    """The month of 2018 with bars that open at odd times comes back whole."""
    path = "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2018-02.zip"
    frame = catalog_rows(path, real_files, lake)
    assert frame.height == 640
    assert (frame["open_time"] % (3600 * 10**9) != 0).sum() > 0
