"""An account's worth, a month at a time."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from phoenix_core.backtest.equity import Curve, equity_curve
from phoenix_core.backtest.ledger import LEDGER_SCHEMA
from phoenix_core.backtest.minutes import Minutes
from phoenix_core.execution.holding import Payoff
from phoenix_core.market import DAY_NS, day_start_ns
from phoenix_core.storage.spill import Spill

FIRST = date(2024, 1, 30)
START = day_start_ns(FIRST)
DAYS = 70


def a_price_a_day(day):
    prices = {"price": [Decimal(100 + (day - FIRST).days)]}
    return pl.DataFrame({"minute_ns": [day_start_ns(day) + 59], **prices, "open": prices["price"], "volume": [1]})


def test_a_month_at_a_time_it_is_the_whole(tmp_path):
    """What is held over the end of a month, and what was earned before it, is known behind it."""
    rows = pl.DataFrame(
        {
            "ts": [START + 20 * DAY_NS, START + 50 * DAY_NS],
            "position": [Decimal(2), Decimal(0)],
            "entry_price": [Decimal(120), Decimal(0)],
            "cash": [Decimal(999), Decimal("1058.5")],
        },
        schema_overrides={name: LEDGER_SCHEMA[name] for name in ("position", "entry_price", "cash")},
    )
    minutes, days = Minutes(Spill(tmp_path)), [FIRST + timedelta(number) for number in range(DAYS)]
    for day in days:
        minutes.add(day, a_price_a_day(day))
    found = Curve(minutes, rows, Decimal(1000), Payoff()).whole()
    at_once = equity_curve(pl.concat(map(a_price_a_day, days)), rows, Decimal(1000))
    assert found.equals(at_once)
    assert found["equity"].to_list() == [
        *[1000.0] * 20,
        *[999.0 + 2 * (number - 20) for number in range(20, 50)],
        *[1058.5] * 20,
    ]
