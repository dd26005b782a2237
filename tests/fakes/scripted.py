"""Orders by a script, through the engine and the exchange, and through the second implementation."""

from dataclasses import dataclass, field
from decimal import Decimal

from nautilus_trader.model.data import CustomData, DataType
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from fakes.scenario import Scenario, as_rows, at, request_of, terms_of
from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.venue import as_traded, engine_with_venue
from phoenix_core.catalog.instruments import instrument
from phoenix_core.execution.decisions import Fill
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.execution.holding import payoff_of
from phoenix_core.execution.orders import FORCED
from phoenix_core.strategies.signal_tick import ARCHIVE
from phoenix_core.verification.replayer import Replayer


@dataclass
class Script:
    """Orders (second, side, quantity, limit or None, how) and cancellations (second, number of the order)."""

    orders: list = field(default_factory=list)
    cancels: list = field(default_factory=list)
    log: list | None = None  # what the strategy saw in which order, where a test asks

    def send(self, second, side, quantity, limit=None, **how):
        self.orders.append((second, side, quantity, limit, how))
        return self

    def cancel(self, second, number):
        self.cancels.append((second, number))
        return self


class Scripted(Strategy):
    """Sends what the script says when it says it."""

    def __init__(self, script, instrument_id):
        self.traded_id = instrument_id
        super().__init__(StrategyConfig(strategy_id="SCRIPTED", order_id_tag="001"))
        self.script, self.fills, self.ends = script, [], {}
        self.position = Decimal(0)
        self._sent = []

    def on_start(self):
        if self.script.log is not None:
            self.subscribe_quote_ticks(self.traded_id)
        for number, order in enumerate(self.script.orders):
            self.clock.set_time_alert_ns(f"o{number}", at(order[0]), lambda _, order=order: self.order(*order))
        for number, (second, which) in enumerate(self.script.cancels):
            call = lambda _, which=which: self.cancel_order(self._sent[which])  # noqa: E731
            self.clock.set_time_alert_ns(f"c{number}", at(second), call)

    def order(self, second, side, quantity, limit, how):
        traded = self.cache.instrument(self.traded_id)
        common = {
            "instrument_id": self.traded_id,
            "order_side": OrderSide[side],
            "quantity": traded.make_qty(Decimal(quantity)),
        }
        common["tags"] = [FORCED] if how.get("forced") else None
        common["reduce_only"] = how.get("reduce_only", False)
        if limit is None:
            made = self.order_factory.market(**common)
        else:
            life = TimeInForce.IOC if how.get("ioc") else TimeInForce.GTC
            price = traded.make_price(Decimal(limit))
            made = self.order_factory.limit(
                **common, price=price, time_in_force=life, post_only=how.get("post_only", False)
            )
        self._sent.append(made)
        self.submit_order(made)

    def on_quote_tick(self, tick):
        self.script.log.append(f"quote at {(tick.ts_init - at(0)) // 10**9}")

    def on_order_filled(self, event):
        if self.script.log is not None:
            self.script.log.append(f"filled at {(event.ts_event - at(0)) // 10**9}")
        size, price = event.last_qty.as_decimal(), event.last_px.as_decimal()
        self.fills.append(
            Fill(event.ts_event, event.order_side.name, size, price, event.commission.as_decimal(),
                 event.liquidity_side.name, event.client_order_id.value, "", None)
        )  # fmt: skip

    def statuses(self):
        return [self.cache.order(one.client_order_id).status.name for one in self._sent]


@dataclass
class Played:
    """What came of a script."""

    fills: list
    statuses: list
    names: list
    worth: Decimal  # of the account at 50,000
    recomputed: Decimal  # the same by the second implementation
    balances: tuple = ()  # quote and base, on spot
    balances_recomputed: tuple = ()

    def of(self, number):
        """(quantity, price) of an order's fills, by its number in the script from 0 on."""
        wanted = self.names[number]
        return [(f"{one.quantity.normalize():f}", f"{one.price:.1f}") for one in self.fills if one.order_id == wanted]


def played(scenario: Scenario, script: Script, *, until=60, implied=False, **venue) -> Played:
    """Run a script through the engine and hold it against the second implementation."""
    exchange = VenueParameters.model_validate({"order_latency_ms": 5, "starting_balance": 10**12} | venue)
    constants = as_traded(scenario.specification, exchange)
    strategy = Scripted(script, scenario.instrument_id)
    made = engine_with_venue(instrument(constants), exchange, strategy, quotes_implied=implied)
    made.exchange.expect(scenario.snapshots())
    for batch in (scenario.trades, scenario.quotes):
        if batch:
            made.engine.add_data(batch, sort=False)
    clock = [CustomData(DataType(Heartbeat), Heartbeat(at(second))) for second in (0, until)]
    made.engine.add_data(clock, client_id=ARCHIVE, sort=False)
    made.engine.sort_data()
    made.engine.run(streaming=True)
    sent = list(made.exchange.sent.values())
    held, price = made.closing.position, Decimal(50_000)
    worth = made.account.balance + made.account.gain(held, price)
    fills, statuses = strategy.fills, strategy.statuses()
    made.engine.dispose()
    terms = terms_of(constants, exchange)
    terms.quotes_fill = not implied
    second = Replayer(scenario.data(), [request_of(one) for one in sent], terms).run()
    assert second.fills == as_rows(fills)
    assert len(second.rejected) == statuses.count("REJECTED")
    payoff = payoff_of(constants)  # what is still held was paid for, in coins it was got
    paid = payoff.value(held, price) * (-1 if payoff.is_inverse else 1)
    recomputed = second.account(exchange.starting_balance) + paid
    balances = (made.account.quote, made.account.base) if payoff.dust else ()
    names = [one.order_id for one in sent]
    return Played(fills, statuses, names, worth, recomputed, balances, (second.cash, second.held))
