"""A scenario as columns, and its replay over them."""

from functools import partial

import numpy as np
from nautilus_trader.model.enums import AggressorSide

from fakes.scenario import Outcome, Scenario
from phoenix_core.backtest.arrays.day import Day
from phoenix_core.backtest.arrays.session import Session
from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.ledger import ledger
from phoenix_core.backtest.venue import as_traded, order_latency_ns
from phoenix_core.catalog.instruments import instrument
from phoenix_core.execution.holding import payoff_of
from phoenix_core.execution.tape import Quotes, Tape, Trades
from phoenix_core.strategies.contract import default_strategy


def column(values, kind=np.int64):
    return np.array(list(values), dtype=kind)


def trades_of(ticks, price, size) -> Trades:
    return Trades(
        column(one.ts_init for one in ticks),
        column(one.price.raw // price for one in ticks),
        column(one.size.raw // size for one in ticks),
        column((1 if one.aggressor_side == AggressorSide.BUYER else -1 for one in ticks), np.int8),
    )


def tape_of(day: Scenario) -> Tape:
    """Its ticks, sorted by time as a file is."""
    price, size = (
        10 ** (16 - decimals) for decimals in (day.specification.price_precision, day.specification.size_precision)
    )
    trades, quotes = (sorted(some, key=lambda tick: tick.ts_init) for some in (day.trades, day.quotes))
    return Tape(
        trades_of(trades, price, size),
        Quotes(
            column(one.ts_init for one in quotes),
            column(one.bid_price.raw // price for one in quotes),
            column(one.bid_size.raw // size for one in quotes),
            column(one.ask_price.raw // price for one in quotes),
            column(one.ask_size.raw // size for one in quotes),
        ),
        price,
        size,
    )


def by_arrays(day: Scenario, venue=None, **strategy) -> Outcome:
    """What `Scenario.run` gives, over columns."""
    exchange = VenueParameters.model_validate({"order_latency_ms": 5} | (venue or {}))
    spec = as_traded(day.specification, exchange)
    traded = instrument(spec)
    chosen = default_strategy().parameters.model_validate({"max_leverage": 0.5} | strategy)
    closing_ns = order_latency_ns(exchange) + 2_000_000
    session = Session(
        traded, partial(default_strategy().contract.trader, chosen), exchange, closing_ns, quotes_implied=not day.quotes
    )
    session.day(inputs := day.inputs(), Day.of(inputs), tape_of(day), ends_session=True)
    assert session.is_flat
    records, settled, final = session.desk.records, session.dues.settled, session.account.balance
    return Outcome(
        records.fills,
        settled,
        final,
        dict(sorted(records.ends.items())),
        ledger(records.fills, settled, exchange.starting_balance, final, payoff=payoff_of(spec)),
        0,
        list(records.sent.values()),
        tuple(records.decisions),
    )
