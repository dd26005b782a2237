"""What a portfolio of catalog files gives: of one listing the backtest itself, of several an account that adds up."""

from decimal import Decimal

import pytest
from fakes.law import assert_same_result

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.portfolio.run import run_portfolio
from phoenix_core.backtest.run import run

CHOSEN = {"strategy": {"lpi_entry_threshold": 0.7}, "venue": {"order_latency_spread_ms": 20}}


@pytest.mark.slow
def test_of_one_listing_it_is_the_backtest(market):
    """Every table, order and figure, and no column more; limits that nothing reaches change nothing."""
    span = {"first": market.days[0], "last": market.days[1]}
    alone = run(market.lake, Experiment.parse(listing="um:BTCUSDT", **span, **CHOSEN))
    limits = {"max_positions": 1, "max_gross_leverage": Decimal(10)}
    found = run_portfolio(market.lake, Portfolio.parse(listings=["um:BTCUSDT"], limits=limits, **span, **CHOSEN))
    (result,) = found.results
    assert_same_result(result, alone)
    assert alone.fills.height > 10
    for ours, its in (
        (found.fills, alone.fills),
        (found.ledger.rows, alone.ledger.rows),
        (found.ledger.round_trips, alone.ledger.round_trips),
        (found.equity, alone.equity),
    ):
        assert ours.equals(its)
    assert (found.ledger.parts, found.final_balance) == (alone.ledger.parts, alone.final_balance)
    assert found.refused == {"um:BTCUSDT": {}}
