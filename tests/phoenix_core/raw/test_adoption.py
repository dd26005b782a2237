"""A user's folder adopted whole."""

import pytest
from fakes.trees import extracted

from phoenix_core.manifest import Manifest
from phoenix_core.raw.adoption import adopt
from phoenix_core.sources.local_tree.inventory import take_inventory
from phoenix_core.sources.local_tree.tree import LocalTree


@pytest.fixture
def own_folder(real_files, tmp_path):
    """The real files, extracted, beside one that is no gzip although its name says so."""
    folder = extracted(real_files, tmp_path / "binance.vision")
    path = folder / "future_data" / "daily_data" / "trades" / "BTCUSDT-trades-2024-03-30.csv"
    path.with_name("BTCUSDT-trades-2024-04-01.csv.gz").write_bytes(b"no gzip")
    return folder


def test_every_day_becomes_a_raw_day_where_it_lies(own_folder, lake):
    """As many entries as the inventory has days, months' files included; a day that fails is named."""
    inventory = take_inventory(own_folder)
    done = list(adopt(lake, LocalTree(own_folder), [one for one in inventory.holdings if one.listing.market == "um"]))
    assert {one.holding.listing.market for one in done} == {"um"}
    assert len(done) == sum(len(one.by_day) for one in inventory.holdings if one.listing.market == "um")
    funding = [one for one in done if one.holding.dataset.name == "funding_rate"]
    assert len(funding) == 92
    entry = Manifest(lake).find("um/btcusdt/funding_rate", funding[0].day)
    assert entry.file == str(
        own_folder / "future_data" / "monthly_data" / "fundingRate" / "BTCUSDT-fundingRate-2024-03.csv"
    )


def test_wanted_holdings_alone_are_adopted(own_folder, lake):
    """Spot is left out where it is not wanted."""
    inventory = take_inventory(own_folder)
    wanted = [one for one in inventory.holdings if one.dataset.name == "klines_1h"]
    done = list(adopt(lake, LocalTree(own_folder), wanted))
    assert len(done) == 60
    assert not [one for one in done if one.reason and not one.reason.startswith("missing: ")]
