"""What is asked of a published day, and what is shown of the rows that break it."""

from datetime import date
from decimal import Decimal

import pytest
from fakes.zips import AGG_HEADER, DAY, START_MS, UM, agg_rows, put_day

from phoenix_core.catalog.consistency import compare_day
from phoenix_core.catalog.quality import convert_and_inspect, inspect_day
from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    BOOK_TICKER,
    DATASETS,
    INDEX_PRICE_KLINES,
    KLINES,
    MARK_PRICE_KLINES,
    METRICS,
    PREMIUM_INDEX_KLINES,
    TRADES,
)
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.rules import COMPARISONS, rules_of
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive


@pytest.fixture
def inspect(server, lake):
    """Publish a text as a day of a dataset; give findings by rule, which are those of its rows and of its file."""

    def run(dataset, text, listing=UM):
        put_day(server.root, dataset, text, listing=listing)
        Ingest(lake, (BinanceArchive(Archive(server.url)),), date(2026, 1, 1)).day(dataset, listing, DAY)
        entry, findings = convert_and_inspect(lake, dataset, listing, DAY)
        assert findings == inspect_day(lake, dataset, entry)
        assert (entry, findings) == convert_and_inspect(lake, dataset, listing, DAY)  # it is current, and read
        return {finding.rule: finding for finding in findings}

    return run


def test_every_dataset_is_asked_for_order_identity_and_day():
    """And these block, whatever else its type is asked."""
    for dataset in DATASETS:
        assert [rule.name for rule in rules_of(dataset) if rule.blocks] == ["ordered", "unique", "within_day"]


def test_a_sound_day_holds(inspect):
    """Two trades of consecutive ids within five minutes."""
    rows = [(n, "69903.5", "0.014", n * 1_000, "true") for n in range(1, 4)]
    assert all(finding.passed for finding in inspect(AGG_TRADES, AGG_HEADER + agg_rows(*rows)).values())


def test_a_gap_is_a_loss_or_an_outage(inspect):
    """Six minutes without a trade: ids that go on are an outage, ids that jump a loss; both are shown."""
    rows = ((1, "69903.5", "1", 0, "true"), (2, "69903.5", "1", 360_000, "true"), (9, "69903.5", "1", 800_000, "true"))
    found = inspect(AGG_TRADES, AGG_HEADER + agg_rows(*rows))
    assert not found["gaps"].passed
    assert [(row["class"], row["seconds"]) for row in found["gaps"].rows] == [("outage", 360), ("loss", 440)]
    assert [row["id_step"] for row in found["contiguous"].rows] == [7]
    assert found["ordered"].passed


def test_crossed_quotes_are_shown(inspect):
    """A bid at the ask in two of three rows, with the rows."""
    quotes = "".join(
        f"{number},{bid}.00000000,1.00000000,65001.00000000,1.00000000,{START_MS + number},{START_MS + number}\n"
        for number, bid in enumerate((65000, 65001, 65002))
    )
    found = inspect(BOOK_TICKER, quotes)["uncrossed"]
    assert not found.passed
    assert found.message == "2 of 3 rows break it"
    assert [int(row["bid_price"]) for row in found.rows] == [65001, 65002]


def test_a_price_between_two_ticks_is_shown(inspect):
    """The tick of BTCUSDT is 0.10, and 69903.55 is as fine as its precision allows."""
    rows = [(n, price, "1", n, "true") for n, price in enumerate(("69903.5", "69903.55", "69903.6"), 1)]
    found = inspect(AGG_TRADES, AGG_HEADER + agg_rows(*rows))["on_tick"]
    assert not found.passed
    assert found.message == "1 of 3 rows break it; the tick is 0.10"
    assert [row["trade_id"] for row in found.rows] == ["2"]


def test_a_rare_price_between_two_ticks_is_no_other_tick(inspect):
    """One of a thousand, as 71799.36 was in the archive: counted, and not held against the day."""
    rows = [(n, "69903.55" if n == 500 else "69903.5", "1", n, "true") for n in range(1, 1_001)]
    found = inspect(AGG_TRADES, AGG_HEADER + agg_rows(*rows))["on_tick"]
    assert (found.passed, found.message) == (True, "1 of 1,000 rows break it; the tick is 0.10")


def test_a_quantity_between_two_steps_is_shown(inspect):
    """The step of spot:BTCUSDT is 0.00001, and its files have room for a thousandth of that."""
    rows = [
        f"{n},69903.5,{size},{n},{n},{START_MS + n},True,True\n" for n, size in enumerate(("0.00002", "0.000025"), 1)
    ]
    found = inspect(AGG_TRADES, "".join(rows), Listing.parse("spot:BTCUSDT"))["on_step"]
    assert not found.passed
    assert found.message == "1 of 2 rows break it; the step is 0.00001"
    assert [row["trade_id"] for row in found.rows] == ["2"]


def test_either_side_of_a_quote_is_held_against_the_tick(inspect):
    """An ask of 65001.05 beside a sound bid."""
    quote = f"1,65000.10000000,1.00000000,65001.05000000,1.00000000,{START_MS},{START_MS}\n"
    assert not inspect(BOOK_TICKER, quote)["on_tick"].passed


def test_a_day_before_the_first_entry_says_that_its_tick_is_assumed(server, lake):
    """Bitcoin's constants are known from 2024 on."""
    day = date(2023, 12, 31)
    millis = START_MS + (day - DAY).days * 86_400_000
    put_day(server.root, AGG_TRADES, f"1,42000.01,1,1,1,{millis},true\n", day=day)
    Ingest(lake, (BinanceArchive(Archive(server.url)),), date(2026, 1, 1)).day(AGG_TRADES, UM, day)
    entry = convert_day(lake, AGG_TRADES, UM, day)
    found = {one.rule: one for one in inspect_day(lake, AGG_TRADES, entry)}["on_tick"]
    assert found.message.endswith("; the tick is 0.10, assumed: it is known from 2024-01-01 on")


def test_a_missing_minute_is_named(inspect):
    """1,438 of 1,440 minutes are missing, the first of them by its beginning."""
    bars = "".join(f"{START_MS + n * 60_000},1,2,0.5,1,5,{START_MS + n * 60_000 + 59_999},5,3,1,1,0\n" for n in (0, 2))
    found = inspect(KLINES, bars)
    assert found["complete"].rows[0]["missing_from_ns"] == (START_MS + 60_000) * 1_000_000
    assert found["complete"].message.startswith("1,438 ")
    assert found["shaped"].passed


def test_open_interest_that_stands_still_is_odd(inspect):
    """Twelve samples of one value: an hour."""
    rows = "".join(f"2024-03-30 {n // 12:02d}:{n % 12 * 5:02d}:00,BTCUSDT,80000.5,1,1,1,1,1\n" for n in range(1, 14))
    found = inspect(METRICS, rows)["moving"]
    assert not found.passed
    assert found.rows[0]["rows"] == 13


def test_a_frozen_band_is_odd(inspect):
    """Ten snapshots of one notional, on the ask side alone."""
    rows = "".join(
        f"2024-03-30 00:{n // 2:02d}:{n % 2 * 30:02d},{side},1500.5,{1000 + (n if side < 0 else 0)}.5\n"
        for n in range(12)
        for side in (-1, 1)
    )
    found = inspect(BOOK_DEPTH, rows)["moving"]
    assert [float(row["percentage"]) for row in found.rows] == [1.0]


def test_days_are_compared(server, lake):
    """Minutes rebuilt from single trades are the kline's; another volume is found and shown."""
    ingest = Ingest(lake, (BinanceArchive(Archive(server.url)),), date(2026, 1, 1))

    def compare(volume):
        put_day(
            server.root, TRADES, f"1,65000.1,2,130000.2,{START_MS + 5},true\n2,65000.3,1,65000.3,{START_MS + 9},false\n"
        )
        bar = f"{START_MS},65000.1,65000.3,65000.1,65000.3,{volume},{START_MS + 59_999},195000.5,2,1,65000.3,0\n"
        put_day(server.root, KLINES, bar)
        for dataset in (TRADES, KLINES):
            ingest.day(dataset, UM, DAY)
            convert_day(lake, dataset, UM, DAY)
        _, findings = compare_day(lake, UM, DAY)
        return {finding.rule: finding for finding in findings}

    sound = compare("3")
    assert sound.keys() == {rule.name for rule in COMPARISONS}
    assert sound["trades_make_klines"].message == "0 of 1 minutes differ; up to 0% are expected"
    assert sound["agg_trades_make_klines"].message == "not compared: trade_ticks not published"
    assert all(finding.passed for finding in sound.values())
    wrong = compare("4")["trades_make_klines"]
    assert not wrong.passed
    assert wrong.rows[0]["volume"] != wrong.rows[0]["volume_right"]


def test_a_trade_is_held_against_the_last_quote_before_its_millisecond(inspect, lake):
    """Of two quotes of one millisecond the later; not one of its own; and none that is older than a second."""
    quotes = ((1_000, 65000), (2_000, 66000), (2_000, 67000), (4_000, 65000))
    inspect(
        BOOK_TICKER,
        "".join(
            f"{number},{bid}.00,1.000,{bid + 1}.00,1.000,{START_MS + ms},{START_MS + ms}\n"
            for number, (ms, bid) in enumerate(quotes)
        ),
    )
    trades = ((1_000, "1.00"), (1_500, "65000.50"), (2_000, "66000.00"), (3_000, "67000.50"), (3_001, "1.00"))
    rows = [(number, price, "1", ms, "true") for number, (ms, price) in enumerate(trades, 1)]
    inspect(AGG_TRADES, AGG_HEADER + agg_rows(*rows))
    _, findings = compare_day(lake, UM, DAY)
    found = {finding.rule: finding for finding in findings}["trades_at_quotes"]
    assert not found.passed
    assert found.message == "1 of 3 trades are more than 0.30% outside the quotes before them"
    assert [(row["price"], row["bid_price"]) for row in found.rows] == [(66000.0, 65000.0)]


def bars(*closes):
    """Minutes from midnight whose four prices are one."""
    return "".join(
        f"{START_MS + n * 60_000},{','.join([close] * 4)},0,{START_MS + n * 60_000 + 59_999},0,60,0,0,0\n"
        for n, close in enumerate(closes)
    )


@pytest.fixture
def compared(inspect, lake):
    """Publish bars and give the finding of a comparison."""

    def run(rule, *days):
        for dataset, listing, closes in days:
            inspect(dataset, bars(*closes), listing)
        _, findings = compare_day(lake, UM, DAY)
        return {finding.rule: finding for finding in findings}[rule]

    return run


def test_the_premium_is_the_marks_distance_from_the_index(compared):
    """100.05 over an index of 100 is a premium of 0.05 %: one of 0.12 % is 0.07 % beside it, which is too much."""
    days = [(INDEX_PRICE_KLINES, UM, ("100", "100", "100")), (MARK_PRICE_KLINES, UM, ("100.05", "100.05", "99.95"))]
    sound = compared("premium_follows_mark", *days, (PREMIUM_INDEX_KLINES, UM, ("0.0005", "0.0004", "-0.0005")))
    assert sound.passed
    assert sound.message == "median 0.000% apart, at worst 0.010%, of 3 minutes"
    odd = compared("premium_follows_mark", *days, (PREMIUM_INDEX_KLINES, UM, ("0.0012", "0.0012", "-0.0005")))
    assert not odd.passed
    assert odd.message == "median 0.070% apart, at worst 0.070%, of 3 minutes"
    # A sign that was lost on the way is the case for which this is asked.
    assert not compared(
        "premium_follows_mark", *days, (PREMIUM_INDEX_KLINES, UM, ("-0.0005", "-0.0005", "0.0005"))
    ).passed


def test_the_index_is_held_against_spot_where_spot_is_there(compared, lake):
    """Of the same symbol; a price of another scale, as after a redenomination, is found."""
    index = (INDEX_PRICE_KLINES, UM, ("100", "101"))
    alone = compared("index_follows_spot", index)
    assert (alone.passed, alone.message) == (True, "not compared: spot/btcusdt/bars_1m not published")
    spot = Listing.parse("spot:BTCUSDT")
    assert compared("index_follows_spot", index, (KLINES, spot, ("100.05", "101"))).passed
    assert "spot/btcusdt/bars_1m" in Manifest(lake).find("um/btcusdt/consistency", DAY).sources
    other = compared("index_follows_spot", index, (KLINES, spot, ("0.1", "0.101")))
    assert not other.passed
    assert other.rows[0]["spot"] == Decimal("0.1")
