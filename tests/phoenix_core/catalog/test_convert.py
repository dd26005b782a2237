"""From rows to NautilusTrader's columns, exactly."""

from datetime import date
from decimal import Decimal, localcontext

import polars as pl
import pytest
from fakes.zips import AGG_HEADER, DAY, START_MS, UM, agg_rows, put_day
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.model.data import Bar, FundingRateUpdate, MarkPriceUpdate, QuoteTick, TradeTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from phoenix_core.catalog.convert import Conversion, fixed_point, is_multiple, to_catalog
from phoenix_core.catalog.frames import decimals
from phoenix_core.catalog.schemas import DepthBand, OpenInterest
from phoenix_core.catalog.store import catalog_asset, convert_day, day_file, nautilus_catalog, read_arrow, read_day
from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    BOOK_TICKER,
    FUNDING_RATE,
    KLINES,
    MARK_PRICE_KLINES,
    METRICS,
    PREMIUM_INDEX_KLINES,
)
from phoenix_core.errors import CatalogCorrupt, InputMissing, PrecisionMismatch
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Manifest
from phoenix_core.market import day_start_ns
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.tables.rules import Counts

START = day_start_ns(DAY)


def converted(lake, tmp_path, dataset, text, *, day=DAY, listing=UM):
    put_day(tmp_path / "archive", dataset, text, day=day, listing=listing)
    Ingest(lake, (BinanceArchive(Archive(str(tmp_path / "archive"))),), date(2026, 11, 1)).day(dataset, listing, day)
    return convert_day(lake, dataset, listing, day)


PRICES = st.decimals("0.01", "9999999.99", places=2)
SIZES = st.decimals("0.001", "99999.999", places=3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PRICES, SIZES, st.booleans()), min_size=1, max_size=30))
def test_nautilus_reads_back_every_digit(tmp_path_factory, trades):
    """Zip → catalog → NautilusTrader keeps each price, size, side, id and time."""
    from phoenix_core.storage import Lake  # noqa: PLC0415 - the fixture is not for hypothesis

    folder = tmp_path_factory.mktemp("trip")
    rows = agg_rows(*((n, str(p), str(q), n, "true" if s else "false") for n, (p, q, s) in enumerate(trades)))
    lake = Lake.at(folder / "data")
    converted(lake, folder, AGG_TRADES, rows)
    ticks = nautilus_catalog(lake).query(TradeTick)
    assert [(t.price.as_decimal(), t.size.as_decimal(), t.aggressor_side.name == "SELLER") for t in ticks] == trades
    assert [(t.trade_id.value, t.ts_event) for t in ticks] == [
        (str(n), START + n * 1_000_000) for n in range(len(trades))
    ]


@given(st.lists(st.decimals(-(10**20), 10**20, places=16), min_size=1, max_size=20))
def test_relabelling_is_lossless(values):
    """Decimal(38, 16) and NautilusTrader's 16 bytes are the same number, negative ones too."""
    column = pl.Series(values, dtype=pl.Decimal(38, 16))
    assert decimals(fixed_point(column)).to_list() == values


def test_a_finer_price_is_never_rounded(lake, tmp_path):
    """The error names price and precision, and the catalog stays as it was."""
    with pytest.raises(PrecisionMismatch, match=r"price 69903\.555: expected at most 2"):
        converted(lake, tmp_path, AGG_TRADES, agg_rows((1, "69903.555", "0.014", 14, "true")))
    assert not list((lake.root / "catalog").rglob("*.parquet"))
    assert Manifest(lake).find("um/btcusdt/trade_ticks", DAY) is None


def test_an_odd_two_decimal_price_is_held(lake, tmp_path):
    """71799.36 came with a tick of 0.10; the precision of two decimals holds it."""
    converted(lake, tmp_path, AGG_TRADES, agg_rows((1, "71799.36", "0.014", 14, "true")))
    assert str(nautilus_catalog(lake).query(TradeTick)[0].price) == "71799.36"


def kline(open_ms=START_MS, close_ms=START_MS + 59_999, price="1.5"):
    return f"{open_ms},{price},2.5,0.5,{price},3,{close_ms},4,5,1,2,0\n"


def test_a_kline_is_known_at_its_close(lake, tmp_path):
    """Never at its open: the seed stamped klines with open_time, a minute of look-ahead."""
    converted(lake, tmp_path, KLINES, kline())
    bar = nautilus_catalog(lake).query(Bar)[0]
    assert bar.ts_init == bar.ts_event == START + 59_999 * 1_000_000


def test_a_kline_that_closes_before_it_opens_is_repaired(lake, tmp_path):
    """As one spot bar of 2020-12-21: it is known after a full minute, and counted."""
    entry = converted(lake, tmp_path, KLINES, kline(START_MS + 60_000, START_MS + 10))
    assert read_day(lake, entry.asset, DAY)["ts_init"].to_list() == [START + 119_999 * 1_000_000]
    assert entry.counts["repaired_closes_before_open"] == 1


def test_klines_keep_what_nautilus_has_no_place_for(lake, tmp_path):
    """Open time, turnover and counts stand behind its columns."""
    entry = converted(lake, tmp_path, KLINES, kline())
    row = read_day(lake, entry.asset, DAY).row(0, named=True)
    assert (row["open_time"], row["quote_volume"], row["count"]) == (START, Decimal(4), 5)


def test_arrow_holds_decimals(lake, tmp_path):
    """decimal128, so that any Arrow tool adds exactly."""
    entry = converted(lake, tmp_path, KLINES, kline())
    assert str(read_arrow(lake, entry.asset, DAY, ["open"]).schema.field("open").type) == "decimal128(38, 16)"


def test_premiums_are_signed(lake, tmp_path):
    """A negative premium is a bar of its own feed, not a dropped row."""
    converted(lake, tmp_path, PREMIUM_INDEX_KLINES, kline(price="-0.00012345"))
    bar = nautilus_catalog(lake).query(Bar)[0]
    assert str(bar.bar_type) == "BTCUSDT-PERP.BINANCE_PREMIUM-1-MINUTE-LAST-EXTERNAL"
    assert str(bar.open) == "-0.00012345"


def test_a_mark_price_is_its_close(lake, tmp_path):
    """With eight decimals, whatever the instrument's."""
    converted(lake, tmp_path, MARK_PRICE_KLINES, kline(price="69919.09796809"))
    mark = nautilus_catalog(lake).query(MarkPriceUpdate)[0]
    assert (str(mark.value), mark.ts_init) == ("69919.09796809", START + 59_999 * 1_000_000)


def test_open_interest_is_known_when_its_period_ended(lake, tmp_path):
    """A label of the end is known at once; one of the start five minutes later."""
    row = "{},BTCUSDT,81108.4350000000000000,5666717142.6535260000000000,1.5,,0E-8,1\n"
    entry = converted(lake, tmp_path, METRICS, row.format("2024-03-30 00:05:00"))
    assert read_day(lake, entry.asset, DAY)["ts_init"].to_list() == [START + 300 * 10**9]
    day = date(2026, 9, 30)
    later = converted(lake, tmp_path, METRICS, row.format("2026-09-30 00:05:00"), day=day)
    assert read_day(lake, later.asset, day)["ts_init"].to_list() == [day_start_ns(day) + 600 * 10**9]
    first = nautilus_catalog(lake).query(OpenInterest)[0].data
    assert first.sum_open_interest_value == Decimal("5666717142.653526")
    assert first.count_long_short_ratio is first.sum_toptrader_long_short_ratio is None


def test_depth_is_known_a_second_after_its_label(lake, tmp_path):
    """The label is cut to whole seconds, so the snapshot may be younger."""
    converted(lake, tmp_path, BOOK_DEPTH, "2024-03-30 00:00:09,-5,7950.495,543853183.11875\n")
    band = nautilus_catalog(lake).query(DepthBand)[0].data
    assert (band.percentage, band.notional) == (Decimal(-5), Decimal("543853183.11875"))
    assert band.ts_init - band.ts_event == 10**9


def test_funding_is_exact(lake, tmp_path):
    """-1.8E-7 comes back as itself, with its interval in minutes."""
    converted(lake, tmp_path, FUNDING_RATE, f"{START_MS + 8},4,-1.8E-7\n")
    update = nautilus_catalog(lake).query(FundingRateUpdate)[0]
    assert (Decimal(update.rate), update.interval, update.ts_init) == (Decimal("-1.8E-7"), 240, START + 8_000_000)


def test_nautilus_reads_its_own_funding_rates_as_text(tmp_path):
    """1.231 gives the rate back as a string, also of a file it wrote: whoever calculates converts it."""
    catalog = ParquetDataCatalog(str(tmp_path))
    identifier = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
    catalog.write_data([FundingRateUpdate(identifier, Decimal("0.0001"), 10, 10)])
    assert catalog.query(FundingRateUpdate)[0].rate == "0.0001"


def quotes(*rows):
    return "".join(f"{n},1.5,1,1.6,2,{START_MS + ms},{START_MS + ms + 5}\n" for n, ms in rows)


def test_ts_init_never_falls(lake, tmp_path):
    """A quote whose id is later but whose time is earlier is known with its predecessor, and counted."""
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes((1, 10), (2, 7), (3, 12)))
    frame = read_day(lake, entry.asset, DAY)
    assert frame["ts_event"].to_list() == [START + ms * 1_000_000 for ms in (10, 7, 12)]
    assert frame["ts_init"].to_list() == [START + ms * 1_000_000 for ms in (10, 10, 12)]
    assert entry.counts["repaired_known_with_predecessor"] == 1


def test_ts_init_never_falls_between_batches():
    """What one batch gave out binds the next."""
    conversion = Conversion(BOOK_TICKER, specification(UM, DAY), 0, Counts())
    names = [column.name for column in BOOK_TICKER.columns[UM.market]]
    one = {name: Decimal(1) for name in names} | {"update_id": 1, "event_time": 5}
    schema = {n: pl.Decimal(38, 16) if isinstance(v, Decimal) and "time" not in n else pl.Int64 for n, v in one.items()}
    for time, known in ((10, 10), (7, 10), (12, 12)):
        batch = pl.DataFrame([one | {"transaction_time": time}], schema=schema)
        assert to_catalog(batch, conversion)["ts_init"].to_pylist() == [known]


def test_quotes_cross_the_day_seam_in_their_own_file(lake, tmp_path):
    """The file is named by the whole day, not by its first and last tick."""
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes((1, 10)))
    assert entry.file == (
        "catalog/data/quote_tick/BTCUSDT-PERP.BINANCE/"
        "2024-03-30T00-00-00-000000000Z_2024-03-30T23-59-59-999999999Z.parquet"
    )
    assert entry.file == day_file("quote_tick", "BTCUSDT-PERP.BINANCE", DAY)
    assert len(nautilus_catalog(lake).query(QuoteTick)) == 1


def test_the_same_bytes_come_out_twice(lake, tmp_path):
    """Deleted and made again, a day file is byte for byte the same."""
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes(*((n, n) for n in range(500))))
    lake.path(entry.file).unlink()
    assert convert_day(lake, BOOK_TICKER, UM, DAY) == entry
    Manifest(lake).verify(entry)


def test_a_current_day_is_left_alone(lake, tmp_path):
    """Nothing is written where nothing changed."""
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes((1, 10)))
    before = lake.path(entry.file).stat().st_mtime_ns
    assert convert_day(lake, BOOK_TICKER, UM, DAY) == entry
    assert lake.path(entry.file).stat().st_mtime_ns == before


def test_a_changed_zip_replaces_its_day(lake, tmp_path):
    """No row of the old file stays."""
    converted(lake, tmp_path, BOOK_TICKER, quotes((1, 10), (2, 11)))
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes((9, 10)))
    assert read_day(lake, entry.asset, DAY)["update_id"].to_list() == [9]
    assert len(list(lake.path(entry.file).parent.iterdir())) == 1


def test_a_flipped_bit_is_noticed_before_anybody_reads(lake, tmp_path):
    """The manifest's digest is compared first; the day is then rebuilt from its zip."""
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes(*((n, n) for n in range(50))))
    path = lake.path(entry.file)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CatalogCorrupt, match="is not what was published"):
        read_day(lake, entry.asset, DAY)
    convert_day(lake, BOOK_TICKER, UM, DAY)
    assert read_day(lake, entry.asset, DAY).height == 50


def test_a_damaged_zip_is_noticed_before_it_is_converted(lake, tmp_path):
    """The raw file is held against its manifest too."""
    entry = converted(lake, tmp_path, BOOK_TICKER, quotes((1, 10)))
    Manifest(lake).lake.remove(entry.file)
    raw = Manifest(lake).find("um/btcusdt/book_ticker", DAY)
    lake.path(raw.file).write_bytes(b"PK")
    with pytest.raises(CatalogCorrupt):
        convert_day(lake, BOOK_TICKER, UM, DAY)


def test_a_header_alone_is_an_absent_day(lake, tmp_path):
    """NautilusTrader skips an empty file in silence; here the manifest says it, and there is no file."""
    header = ",".join(column.name for column in BOOK_TICKER.columns[UM.market]) + "\n"
    entry = converted(lake, tmp_path, BOOK_TICKER, header)
    assert not entry.published
    assert entry.reason == "empty: BTCUSDT-bookTicker-2024-03-30.csv holds no row of 2024-03-30"
    assert not list((lake.root / "catalog").rglob("*.parquet"))


def test_a_day_that_was_never_downloaded_is_an_error(lake):
    """It names what to materialize."""
    with pytest.raises(InputMissing, match="um/btcusdt/agg_trades of that day"):
        convert_day(lake, AGG_TRADES, UM, DAY)


def test_every_row_is_in_the_catalog_or_in_a_count(lake, tmp_path):
    """Bad rows of several kinds in one file; the sums close."""
    text = AGG_HEADER + agg_rows(
        (1, "1.5", "1", 5, "true"),
        (2, "0", "1", 6, "true"),
        (3, "1.5", "0.0", 7, "true"),
        (3, "1.5", "0.0", 7, "true"),
        (5, "1.5", "1", 90_000_000, "true"),
        (4, "1.5", "1", 8, "false"),
        (4, "1.5", "1", 8, "false"),
    )
    entry = converted(lake, tmp_path, AGG_TRADES, text)
    assert entry.rows == read_day(lake, catalog_asset(AGG_TRADES, UM), DAY).height == 2
    dropped = {name: count for name, count in entry.counts.items() if name.startswith("dropped_")}
    assert dropped == {
        "dropped_exact_duplicate": 1,
        "dropped_not_positive_price": 1,
        "dropped_not_positive_quantity": 2,
        "dropped_outside_period": 1,
    }
    assert entry.counts["read"] == entry.rows + sum(dropped.values()) == 7


@given(
    st.lists(st.decimals(min_value=-(10**15), max_value=10**15, places=16, allow_nan=False), min_size=1, max_size=40),
    st.integers(0, 16),
)
def test_exactness_is_told_by_division(values, places):
    """is_multiple says what rounding each value and comparing says, for any sign and size."""
    with localcontext(prec=60):
        expected = all(value == round(value, places) for value in values)
    column = fixed_point(pl.Series(values, dtype=pl.Decimal(38, 16)))
    assert is_multiple(column, 16 - places) is expected


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=40), st.integers(0, 16))
def test_a_round_number_is_a_multiple(mantissas, places):
    """Integers of the smallest unit are multiples, and one unit of the next decimal more is none."""
    with localcontext(prec=60):
        values = [Decimal(mantissa).scaleb(-places) for mantissa in mantissas]
        finer = [*values, Decimal(1).scaleb(-places - 1)]
    assert is_multiple(fixed_point(pl.Series(values, dtype=pl.Decimal(38, 16))), 16 - places)
    if places < 16:
        assert not is_multiple(fixed_point(pl.Series(finer, dtype=pl.Decimal(38, 16))), 16 - places)
