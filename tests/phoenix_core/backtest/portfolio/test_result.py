"""What a portfolio of catalog files gives: of one listing the backtest itself, of several an account that adds up."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import polars as pl
import pytest
from fakes.law import assert_same_result

from phoenix_core.backtest.equity import Curve
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.ledger import LEDGER_SCHEMA
from phoenix_core.backtest.minutes import Minutes
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.portfolio.result import account_equity
from phoenix_core.backtest.portfolio.run import run_portfolio
from phoenix_core.backtest.run import run
from phoenix_core.execution.holding import Payoff
from phoenix_core.market import DAY_NS, day_start_ns
from phoenix_core.storage.spill import Spill

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


FIRST = date(2024, 1, 30)


def curve(spill, days, bought, sold, gained):
    """A listing that trades once on each of some days at 100, 101, ...; two are held in between."""
    minutes = Minutes(spill)
    for day in days:
        price = [Decimal(100 + day)]
        rows = {"minute_ns": [day_start_ns(FIRST) + day * DAY_NS + 59], "open": price, "price": price, "volume": [1]}
        minutes.add(FIRST + timedelta(day), pl.DataFrame(rows))
    rows = {
        "ts": [day_start_ns(FIRST) + day * DAY_NS for day in (bought, sold)],
        "position": [Decimal(2), Decimal(0)],
        "entry_price": [Decimal(100 + bought), Decimal(0)],
        "cash": [Decimal(1000), 1000 + Decimal(gained)],
    }
    money = {name: LEDGER_SCHEMA[name] for name in ("position", "entry_price", "cash")}
    return Curve(minutes, pl.DataFrame(rows, schema_overrides=money), Decimal(1000), Payoff())


def test_the_account_is_valued_a_month_at_a_time(tmp_path):
    """A listing that came late or went counts as it was last known, also months later.

    The first is there on days 0 to 39 and gains 60 until day 30; the second comes on day 35 and is held to day 69.
    """
    spill = Spill(tmp_path)
    curves = [curve(spill, range(40), 0, 30, 60), curve(spill, range(35, 70), 35, 69, 68)]
    found = account_equity([SimpleNamespace(curve=one) for one in curves], Decimal(1000))
    assert found.height == 70
    gained = [*(2 * day for day in range(30)), *[60] * 5, *(60 + 2 * (day - 35) for day in range(35, 70))]
    assert found["equity"].to_list() == [1000.0 + one for one in gained]
    assert found["cash"].to_list() == [*[1000.0] * 30, *[1060.0] * 39, 1128.0]
    assert found["positions"].to_list() == [*[1] * 30, *[0] * 5, *[1] * 34, 0]
    assert found["gross"].to_list()[35:38] == [270.0, 272.0, 274.0]
