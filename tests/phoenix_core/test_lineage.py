"""Sources of a day follow from the product's entry and from what the manifest has."""

from datetime import date, timedelta

import pytest

from phoenix_core.lineage import input_entries, out_of_date, sources_of
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import CONSISTENCY, SIGNALS, VOLUME_BUCKETS

UM = Listing.parse("um:BTCUSDT")
DAY = date(2024, 3, 30)
BEFORE = DAY - timedelta(1)


@pytest.fixture
def record(lake):
    """Record a day; without a digest it is knowingly absent."""

    def recorded(name, day, sha256="", sources=()):
        Manifest(lake).record(
            Entry(
                f"um/btcusdt/{name}",
                str(day),
                published=bool(sha256),
                reason="" if sha256 else "never: x",
                sha256=sha256,
                sources=dict(sources),
            )
        )

    return recorded


def test_inputs_are_todays_by_asset_and_earlier_ones_by_day(lake, record):
    """All that would be read, whether it is there or not: 2 buckets, 2 days of trades and depth, 31 of metrics."""
    record("volume_buckets", DAY, "b")
    found = input_entries(Manifest(lake), SIGNALS, UM, DAY)
    assert len(found) == 2 + 2 + 2 + 31
    assert found["um/btcusdt/volume_buckets"].sha256 == "b"
    assert found["um/btcusdt/open_interest@2024-02-29"] is None
    assert "um/btcusdt/open_interest@2024-02-28" not in found


def test_sources_are_data_versions_of_what_is_there(lake, record):
    """An input that nobody recorded is no source; an absent one is."""
    record("volume_buckets", DAY, "b")
    record("trade_ticks", BEFORE, "t")
    record("depth", DAY)
    sources = sources_of(Manifest(lake), SIGNALS, UM, DAY)
    assert sources.keys() == {
        "um/btcusdt/volume_buckets", f"um/btcusdt/trade_ticks@{BEFORE}", "um/btcusdt/depth",
    }  # fmt: skip
    assert sources[f"um/btcusdt/trade_ticks@{BEFORE}"] == "t"


def test_a_day_without_its_required_input_rests_on_no_earlier_day(lake, record):
    """There is nothing to make, whatever came before."""
    record("volume_buckets", DAY)
    record("trade_ticks", BEFORE, "t")
    assert list(sources_of(Manifest(lake), SIGNALS, UM, DAY)) == ["um/btcusdt/volume_buckets"]


def test_a_day_that_another_is_made_from_is_seen_to_have_changed(lake, record):
    """As far ahead as anything looks back, and no further."""
    for ahead in (0, 30, 31):
        record("signals", DAY + timedelta(ahead))
    record("open_interest", DAY, "m")
    assert out_of_date(Manifest(lake), SIGNALS, UM, DAY) == [DAY, DAY + timedelta(30)]
    record("signals", DAY, sources={"um/btcusdt/open_interest": "m"})
    assert out_of_date(Manifest(lake), SIGNALS, UM, DAY) == [DAY + timedelta(30)]


def test_a_product_that_looks_back_on_nothing_concerns_its_own_day(lake, record):
    """The day itself is out of date when its input is another, and no other day is."""
    record("trade_ticks", DAY, "t")
    record("volume_buckets", DAY, "b", sources={"um/btcusdt/trade_ticks": "s"})
    record("volume_buckets", DAY + timedelta(1), "b", sources={"um/btcusdt/trade_ticks": "s"})
    assert out_of_date(Manifest(lake), VOLUME_BUCKETS, UM, DAY) == [DAY]
    assert "um/btcusdt/bars_1m" in input_entries(Manifest(lake), CONSISTENCY, UM, DAY)
