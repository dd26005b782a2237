"""A portfolio refuses what can't share an account, and does not care in which order its listings are named."""

from datetime import date
from decimal import Decimal

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.errors import ConfigInvalid

RANGE = {"first": date(2024, 3, 24), "last": date(2024, 3, 25)}


def portfolio(*listings, **chosen):
    return Portfolio.parse(listings=listings, **RANGE | chosen)


def test_the_order_of_listings_means_nothing():
    """They are kept by name; so name, experiments and every byte that comes of them are the same."""
    one, other = portfolio("um:ETHUSDT", "um:BTCUSDT"), portfolio("um:BTCUSDT", "um:ETHUSDT")
    assert one == other
    assert one.name == other.name
    assert [each.listing for each in one.experiments] == ["um:BTCUSDT", "um:ETHUSDT"]


def test_limits_are_part_of_its_identity_and_the_range_is_not():
    """Nor is the mode of replay, which changes no byte."""
    first = portfolio("um:BTCUSDT")
    assert first.name == portfolio("um:BTCUSDT", last=date(2024, 3, 26), replay="full").name
    assert first.name != portfolio("um:BTCUSDT", limits={"max_positions": 1}).name


@pytest.mark.parametrize(
    ("listings", "chosen", "message"),
    [
        (["um:BTCUSDT", "spot:BTCUSDT"], {}, "can't share an account with spot:BTCUSDT"),
        (["um:BTCUSDT", "cm:BTCUSD_PERP"], {}, "can't share an account with cm:BTCUSD_PERP"),
        (["um:BTCUSDT", "um:BTCUSDC"], {}, r"different currencies \(um:BTCUSDC in USDC, um:BTCUSDT in USDT\)"),
        (["um:BTCUSDT", "um:BTCUSDT"], {}, "names um:BTCUSDT twice"),
        ([], {}, "listings: Tuple should have at least 1 item"),
        (["um:btc"], {}, "is not a Binance symbol"),
        (["um:BTCUSDT"], {"last": date(2024, 3, 1)}, "runs backwards"),
        (["um:BTCUSDT"], {"limits": {"max_positions": 0}}, r"limits.max_positions: .* greater than or equal to 1"),
        (["um:BTCUSDT"], {"limits": {"max_position": 1}}, r"did you mean max_positions\?"),
        (["um:BTCUSDT"], {"strategy": {"lpi": 1}}, r"strategy.lpi: no such name"),
        (["um:BTCUSDT"], {"strategy_of": {"um:ETHUSDT": {}}}, "um:ETHUSDT, which is none of the portfolio's listings"),
        (["um:BTCUSDT"], {"strategy_of": {"um:BTCUSDT": {"lpi": 1}}}, r"strategy_of.um:BTCUSDT.lpi: no such name"),
        (["um:BTCUSDT"], {"strategy_of": {"um:BTCUSDT": {"path": "a:B"}}}, "a strategy of another path"),
        (["um:BTCUSDT"], {"strategy_of": {"um:BTCUSDT": 1}}, "strategy_of.um:BTCUSDT: Input should be a valid dict"),
    ],
)
def test_what_can_not_be_run_is_refused_and_named(listings, chosen, message):
    """Before anything is read."""
    with pytest.raises(ConfigInvalid, match=message):
        portfolio(*listings, **chosen)


@pytest.mark.parametrize("listing", ["spot:BTCUSDT", "cm:BTCUSD_PERP"])
def test_one_alone_may_be_of_any_market(listing):
    """It shares nothing; on coins it begins with one of them, as its backtest does."""
    alone = portfolio(listing)
    assert alone.experiments == (Experiment.parse(listing=listing, **RANGE),)
    assert alone.starting == (Decimal(1) if listing.startswith("cm") else Decimal(100_000))


def test_a_listing_may_have_values_of_its_own():
    """Named alone they are changed alone, also within others; every other value is that of all."""
    chosen = {"lpi_entry_threshold": 0.7, "signals": {"vpin_window": 5}}
    own = {"um:ETHUSDT": {"lpi_entry_threshold": 0.8, "signals": {"fsi_window": 50}}}
    first, second = portfolio("um:BTCUSDT", "um:ETHUSDT", strategy=chosen, strategy_of=own).experiments
    assert first == Experiment.parse(listing="um:BTCUSDT", strategy=chosen, **RANGE)
    wanted = {"lpi_entry_threshold": 0.8, "signals": {"vpin_window": 5, "fsi_window": 50}}
    assert second == Experiment.parse(listing="um:ETHUSDT", strategy=wanted, **RANGE)


def test_an_imported_strategy_has_fields_of_its_config():
    """As its own config names them."""
    imported = {"path": "some.module:Some", "config": {"fast": 10, "slow": 20}}
    own = {"um:ETHUSDT": {"config": {"slow": 30}}}
    both = portfolio("um:BTCUSDT", "um:ETHUSDT", strategy=imported, strategy_of=own)
    assert [one.strategy.config for one in both.experiments] == [{"fast": 10, "slow": 20}, {"fast": 10, "slow": 30}]


def test_values_of_a_listing_are_part_of_its_identity():
    """What is not different leaves it as it was, to the byte, however it is written."""
    plain = portfolio("um:BTCUSDT", "um:ETHUSDT", strategy={"lpi_entry_threshold": 0.75})
    assert "strategy_of" not in plain.model_dump(mode="json")

    def named(**own):
        return portfolio("um:BTCUSDT", "um:ETHUSDT", strategy={"lpi_entry_threshold": 0.75}, strategy_of=own)

    assert named(**{"um:ETHUSDT": {"lpi_entry_threshold": 0.75, "signals": {}}, "um:BTCUSDT": {}}) == plain
    other = named(
        **{"um:ETHUSDT": {"lpi_entry_threshold": 0.8, "lpi_exit_threshold": plain.strategy.lpi_exit_threshold}}
    )
    assert other.name != plain.name
    assert other.name == named(**{"um:ETHUSDT": {"lpi_entry_threshold": 0.8}}).name
    assert Portfolio.parse(**other.model_dump(mode="json")) == other
