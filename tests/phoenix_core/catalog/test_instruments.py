from datetime import date
from decimal import Decimal

import pytest
from fakes.zips import DAY, START_MS, put_day

from phoenix_core.catalog.instruments import instrument
from phoenix_core.catalog.store import convert_day, nautilus_catalog, record_instrument
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive


@pytest.mark.parametrize(
    ("listing", "name", "kind"),
    [
        ("um:BTCUSDT", "BTCUSDT-PERP.BINANCE", "CryptoPerpetual"),
        ("um:BTCUSDT_240927", "BTCUSDT_240927.BINANCE", "CryptoFuture"),
        ("cm:BTCUSD_PERP", "BTCUSD_PERP.BINANCE", "CryptoPerpetual"),
        ("spot:ETHUSDT", "ETHUSDT.BINANCE", "CurrencyPair"),
        ("um:1000SHIBUSDT", "1000SHIBUSDT-PERP.BINANCE", "CryptoPerpetual"),
    ],
)
def test_every_kind_of_listing_is_an_instrument(lake, listing, name, kind):
    """Published as a day file that NautilusTrader reads back."""
    record_instrument(lake, Listing.parse(listing), DAY)
    found = nautilus_catalog(lake).instruments()
    assert [(str(one.id), type(one).__name__) for one in found] == [(name, kind)]


def test_the_tick_stands_beside_two_decimals():
    """BTCUSDT: a tick of 0.10 and Binance's own pricePrecision of 2, which holds the odd price."""
    found = instrument(specification(Listing.parse("um:BTCUSDT"), DAY))
    assert (str(found.price_increment), found.price_precision, found.size_precision) == ("0.10", 2, 3)


def test_what_is_not_listed_is_inferred_and_said(lake, tmp_path):
    """Tick and step are the coarsest that fit the day's trades; the precision is the archive's width."""
    listing = Listing.parse("um:SOLUSDT")
    text = f"1,184.25,3,1,1,{START_MS},true\n2,184.3,12,2,2,{START_MS + 1},true\n"
    put_day(tmp_path / "archive", AGG_TRADES, text, listing=listing)
    Ingest(lake, (BinanceArchive(Archive(str(tmp_path / "archive"))),), date(2026, 11, 1)).day(AGG_TRADES, listing, DAY)
    convert_day(lake, AGG_TRADES, listing, DAY)
    facts = record_instrument(lake, listing, DAY).facts
    assert (Decimal(facts["tick"]), Decimal(facts["step"])) == (Decimal("0.01"), Decimal(1))
    assert facts["inferred"] is True
    assert facts["price_precision"] == 8
    assert nautilus_catalog(lake).instruments()[0].info["inferred"] is True


def test_a_currency_that_nobody_knows_is_refused():
    """The error lists the known ones."""
    with pytest.raises(ConfigInvalid, match="FDUSD, USDT"):
        specification(Listing.parse("um:ABCXYZ"), DAY)
