"""Implied against true quotes, held against a plain loop over the published files."""

import csv
import io
import zipfile
from bisect import bisect_right
from decimal import Decimal

import pytest

from phoenix_core.backtest.agreement import agreement
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import InputMissing
from phoenix_core.storage.lake import Lake

TICK = Decimal("0.1")


def rows(market, folder, day):
    """Rows of a day's published zip, by column."""
    (path,) = (market.archive / "data/futures/um/daily" / folder / "BTCUSDT").glob(f"*-{day}.zip")
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.TextIOWrapper(archive.open(archive.namelist()[0]))))


def by_hand(market, day):
    """(compared, equal bids, equal asks, both within a tick, mean distance of the mids in ticks)."""
    quotes = [
        (int(row["transaction_time"]), Decimal(row["best_bid_price"]), Decimal(row["best_ask_price"]))
        for row in rows(market, "bookTicker", day)
    ]
    quotes.sort(key=lambda one: one[0])
    times = [time for time, *_ in quotes]
    bid = ask = None
    found = []
    for row in rows(market, "aggTrades", day):
        price = Decimal(row["price"])
        if row["is_buyer_maker"] == "true":
            bid, ask = price, price + TICK if ask is not None and ask <= price else ask
        else:
            ask, bid = price, price - TICK if bid is not None and bid >= price else bid
        before = bisect_right(times, int(row["transact_time"]) + 1)
        if bid is not None and ask is not None and before:
            found.append((bid - quotes[before - 1][1], ask - quotes[before - 1][2]))
    count = len(found)
    return (
        count,
        sum(low == 0 for low, _ in found) / count,
        sum(high == 0 for _, high in found) / count,
        sum(abs(low) <= TICK and abs(high) <= TICK for low, high in found) / count,
        float(sum(abs(low + high) / 2 / TICK for low, high in found) / count),
    )


def test_it_is_what_a_loop_over_the_published_files_counts(market):
    """Every trade of a synthetic day that implied a quote is compared a millisecond later."""
    day = market.days[0]
    found = agreement(market.lake, Experiment(listing=str(market.listing), first=day, last=day), day)
    compared, *shares = by_hand(market, day)
    assert compared == found.compared > 1_000
    assert [found.bid_equal, found.ask_equal, found.both_within_tick] == pytest.approx(shares[:3], abs=1e-12)
    assert 0 < found.bid_equal < 1
    assert found.mean_ticks_off == pytest.approx(shares[3], rel=1e-9)


def test_a_day_without_true_quotes_says_what_it_needs(market, tmp_path):
    """By name of the dataset."""
    day = market.days[0]
    with pytest.raises(InputMissing):
        agreement(Lake.at(tmp_path), Experiment(listing=str(market.listing), first=day, last=day), day)
