"""Experiments written down under a key that follows from them."""

from datetime import date

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing
from phoenix_core.market import Listing
from phoenix_core.sweeps.variants import describe_variants, variant

DAY = date(2024, 3, 24)
LISTING = Listing.parse("um:BTCUSDT")
ONE = Experiment(listing="um:BTCUSDT", first=DAY, last=date(2024, 3, 25))


def test_what_was_described_is_found_by_its_key(lake):
    """Whatever its values; twice is once."""
    other = Experiment.parse(
        listing="um:BTCUSDT", first=DAY, last=DAY, venue={"order_latency_ms": 12.5, "maker_fee": "0.0001"}
    )
    keys = describe_variants(lake, [ONE, other])
    assert keys == [f"{ONE.name}@2024-03-24_2024-03-25", f"{other.name}@2024-03-24_2024-03-24"]
    assert describe_variants(lake, [ONE, other]) == keys
    assert [variant(lake, LISTING, key) for key in keys] == [ONE, other]


def test_a_key_without_its_file_or_with_another_one_is_refused(lake):
    """A missing, a damaged, and one whose words mean another experiment now."""
    (key,) = describe_variants(lake, [ONE])
    with pytest.raises(InputMissing, match="Sweep again, or delete this partition"):
        variant(lake, LISTING, "0" * 12 + "@2024-03-24_2024-03-25")
    place = f"variants/um/btcusdt/{key}.json"
    whole = lake.read(place)
    lake.write(place, whole[:40])
    with pytest.raises(CatalogCorrupt, match="delete it, then sweep again"):
        variant(lake, LISTING, key)
    lake.write(place, whole.replace(b"2024-03-25", b"2024-03-26"))
    with pytest.raises(ConfigInvalid, match="in this release"):
        variant(lake, LISTING, key)
