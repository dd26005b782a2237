"""Names of a command mean assets or stages of one listing, each asset once."""

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.operation.selection import chosen

TRADES, QUOTES, TICKS = (("um", "btcusdt", name) for name in ("agg_trades", "book_ticker", "trade_ticks"))
OTHER = ("um", "ethusdt", "agg_trades")
GROUPS = {TRADES: "um_btcusdt_raw", QUOTES: "um_btcusdt_raw", TICKS: "um_btcusdt_catalog", OTHER: "um_ethusdt_raw"}


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        (["agg_trades"], [TRADES]),
        (["raw"], [TRADES, QUOTES]),
        (["catalog", "raw", "trade_ticks"], [TICKS, TRADES, QUOTES]),
        (["all"], [QUOTES, TICKS]),
        (["agg_trades", "all"], [TRADES, QUOTES, TICKS]),
        ([], []),
    ],
)
def test_a_name_is_an_asset_a_stage_or_all(wanted, paths):
    """In the order of the names, each path once, and none of another symbol; `all` is what it was said to be."""
    assert chosen(GROUPS, "um/btcusdt", wanted, [QUOTES, TICKS]) == paths


def test_an_unknown_name_is_refused_with_those_that_are_known():
    """With the one that was perhaps meant; assets and stages of the symbol alone are named."""
    with pytest.raises(ConfigInvalid) as raised:
        chosen(GROUPS, "um/btcusdt", ["raw", "agg_trade"], [])
    assert str(raised.value) == (
        "um/btcusdt has no asset or stage 'agg_trade' (did you mean agg_trades?): expected some of "
        "agg_trades, book_ticker, catalog, raw, trade_ticks."
    )


def test_an_asset_without_a_group_has_its_own_name_alone():
    """The empty group is no name: nothing can be chosen by it."""
    assert chosen({TRADES: ""}, "um/btcusdt", ["agg_trades"], []) == [TRADES]
    with pytest.raises(ConfigInvalid, match="expected some of agg_trades"):
        chosen({TRADES: ""}, "um/btcusdt", [""], [])


def test_all_without_any_asset_is_refused():
    """Rather than do nothing and call it done."""
    with pytest.raises(ConfigInvalid, match="no asset or stage 'all'"):
        chosen(GROUPS, "um/btcusdt", ["all"], [])
