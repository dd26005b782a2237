"""What a real server has of a day, beside what the manifest knows."""

from datetime import date, timedelta

import pytest
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, FUNDING_RATE, METRICS
from phoenix_core.raw.arrivals import Arrival, arrival, recent_days
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.digests import sha256_of

TEXT = AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true"))
NEXT = DAY + timedelta(1)


@pytest.fixture
def source(server):
    return BinanceArchive(Archive(server.url, sleep=lambda _: None))


@pytest.fixture
def asked(lake, source):
    """Ask about the day, as of the next one unless told otherwise."""

    def ask(*datasets, today=NEXT, day=DAY):
        return arrival(lake, source, UM, datasets, day, today)

    return ask


def test_a_new_file_is_due_once_nothing_more_is_awaited(asked, server):
    """While metrics may still come the day is not due; with both out it is."""
    first = put_day(server.root, AGG_TRADES, TEXT)
    found = asked(AGG_TRADES, METRICS)
    assert found.published == {"agg_trades": sha256_of(first)}
    assert (found.awaited, found.changed, found.unrecorded) == (("metrics",), ("agg_trades",), ("agg_trades",))
    assert not found.is_due
    put_day(server.root, METRICS, "x")
    assert asked(AGG_TRADES, METRICS).is_due


def test_a_file_is_awaited_for_three_days(asked, server):
    """On the fourth the day goes without it, and that it has none is to be recorded."""
    put_day(server.root, AGG_TRADES, TEXT)
    waiting, late = (asked(AGG_TRADES, METRICS, today=DAY + timedelta(days)) for days in (3, 4))
    assert (waiting.awaited, waiting.is_due) == (("metrics",), False)
    assert (late.awaited, late.is_due, late.wanted) == ((), True, ("agg_trades", "metrics"))


def test_what_we_have_is_wanted_again_only_in_other_bytes(asked, server, lake, source):
    """The digest of the manifest is compared with the published one, and the arrival's own identity moves with it."""
    put_day(server.root, AGG_TRADES, TEXT)
    Ingest(lake, (source,), NEXT).day(AGG_TRADES, UM, DAY)
    before = asked(AGG_TRADES)
    assert (before.wanted, before.is_due) == ((), False)
    put_day(server.root, AGG_TRADES, TEXT + agg_rows((2, "69903.5", "1", 15, "true")))
    after = asked(AGG_TRADES)
    assert (after.changed, after.unrecorded, after.is_due) == (("agg_trades",), (), True)
    assert after.digest != before.digest


def test_months_and_days_outside_the_life_cost_no_request(asked, server):
    """Funding comes by the month; book tickers ended on 2024-03-30. Both are unrecorded, and neither is awaited."""
    found = asked(FUNDING_RATE, BOOK_TICKER, day=NEXT, today=NEXT + timedelta(1))
    assert server.requests == []
    assert (found.published, found.awaited) == ({}, ())
    assert found.unrecorded == ("funding_rate", "book_ticker")


def test_what_is_new_and_unrecorded_is_wanted_once():
    """Changed ones first."""
    found = Arrival(DAY, {}, awaited=(), changed=("b",), unrecorded=("a", "b"))
    assert found.wanted == ("b", "a")


def test_recent_days_end_with_yesterday():
    """Oldest first, over the end of a February."""
    assert recent_days(date(2024, 3, 2), 3) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert recent_days(DAY, 0) == []
