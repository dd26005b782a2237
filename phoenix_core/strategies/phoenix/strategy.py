"""The Phoenix strategy: buy into forced selling as a maker, leave when the pressure is gone.

It acts on signals alone: one when each volume bucket closes. Entry is post-only and has a life; the
exit is at market and asks nothing of the regime, since open interest falls in a liquidation. The signal of
each order stands in its tags. Latency and whatever else an exchange does to orders is none of its business.
"""

from decimal import Decimal
from typing import Any

from nautilus_trader.core.data import Data
from nautilus_trader.model.data import DataType, QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide, OrderSide, OrderStatus, TimeInForce
from nautilus_trader.model.events import OrderEvent, OrderInitialized
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.catalog.instruments import largest_position
from phoenix_core.catalog.schemas import DepthBand, OpenInterest
from phoenix_core.execution.holding import Payoff, payoff_of_instrument
from phoenix_core.strategies.phoenix.decisions import (
    annotated,
    entry_price,
    entry_quantity,
    in_steps,
    is_exit,
    price_below_sale,
    qualifies,
    within,
)
from phoenix_core.strategies.phoenix.declaration import CONTRACT, LIVE_CONTRACT
from phoenix_core.strategies.phoenix.live import LiveSignals
from phoenix_core.strategies.phoenix.parameters import EntryReference, StrategyParameters
from phoenix_core.strategies.signal_tick import ARCHIVE, SignalTick

_TIMEOUT = "entry-timeout"


class PhoenixConfig(StrategyConfig, frozen=True, kw_only=True):  # type: ignore[call-arg]
    """Configuration of the strategy.

    Attributes:
        instrument_id: What is traded.
        parameters: Entry, exit, size and order life, as `StrategyParameters` has them.
        live: It computes its signals by itself, from trades, depth and open interest.
    """

    strategy_id: str | None = "PHOENIX"
    order_id_tag: str | None = "001"
    instrument_id: InstrumentId
    parameters: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    live: bool = False


class PhoenixStrategy(Strategy):
    """Trades one instrument on signals."""

    contract = CONTRACT

    def __init__(self, config: PhoenixConfig) -> None:
        super().__init__(config)
        self.instrument_id = config.instrument_id
        self.parameters = StrategyParameters.model_validate(config.parameters)
        self._live = LiveSignals(self.parameters.signals) if config.live else None
        if self._live:
            self.contract = LIVE_CONTRACT
        self._due: list[SignalTick] = []
        self._entry: ClientOrderId | None = None
        self._exit: ClientOrderId | None = None
        self._exit_signal: SignalTick | None = None
        self._rest_since_ns: int | None = None
        self._last_signal: SignalTick | None = None
        self._timed_out = False
        self._sees_quotes = False
        self._instrument: Instrument = None
        self._payoff = Payoff()

    # -- what its skipper asks --------------------------------------------------------------------

    @property
    def awaits_quote(self) -> bool:
        """What an exit left is sent again with the next quote."""
        return self._rest_since_ns is not None

    @property
    def position(self) -> Decimal:
        """Signed base units, or contracts, that can be closed: whole steps."""
        held = Decimal(str(self.portfolio.net_position(self.instrument_id)))
        return held - held % self._payoff.dust if self._payoff.dust else held

    def qualifies(self, signal: SignalTick) -> bool:
        """Whether a signal would be entered on, were we flat."""
        return qualifies(self.parameters, signal)

    # -- events ----------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Subscribe to signals; to quotes only where one must be waited for: looking them up costs nothing a tick."""
        self._know_instrument()
        if self._live is None:
            self.subscribe_data(DataType(SignalTick), client_id=ARCHIVE)
            return
        self.subscribe_trade_ticks(self.instrument_id)
        self.subscribe_data(DataType(DepthBand), instrument_id=self.instrument_id)
        self.subscribe_data(DataType(OpenInterest), instrument_id=self.instrument_id)

    def on_historical_data(self, data: Data) -> None:
        """Remember what was before the first day."""
        if self._live:
            self._know_instrument()
            self._live.on_event(data)

    def _know_instrument(self) -> None:
        if self._instrument is None:
            self._instrument = self.cache.instrument(self.instrument_id)
            self._payoff = payoff_of_instrument(self._instrument)
            if self._live:
                self._live.trades_contracts(self._payoff.size)

    def on_data(self, data: Data) -> None:
        """Act on a signal, or compute with what signals are made of."""
        if isinstance(data, SignalTick):
            self._on_signal(data)
        elif self._live:
            self._live.on_event(data)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Compute with a trade; act on its signal a nanosecond later, when the quotes of its instant are known."""
        signal = self._live.on_event(tick) if self._live else None
        if signal is None:
            return
        if not self._due:
            self.clock.set_time_alert_ns(f"signal-{tick.trade_id}", tick.ts_init + 1, self._on_due)
        self._due.append(signal)

    def _on_due(self, event: object) -> None:
        del event
        signals, self._due = self._due, []
        for signal in signals:
            self._on_signal(signal)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Send again what an exit left."""
        if self._rest_since_ns is None and self._exit is None:
            self.unsubscribe_quote_ticks(self.instrument_id)
            self._sees_quotes = False
            return
        # What was shown when the rest was left is taken: only a later quote shows anything new.
        if self._rest_since_ns is not None and tick.ts_event > self._rest_since_ns:
            self._exit_position(self._exit_signal)

    def on_order_initialized(self, event: OrderInitialized) -> None:
        """Know every order that closes the position, also one that a liquidation or the session's end demands."""
        if event.reduce_only:
            self._exit = event.client_order_id
            self._rest_since_ns = None

    def on_order_event(self, event: OrderEvent) -> None:
        """Free an order's place once it is closed: not at its first partial fill."""
        order = self.cache.order(event.client_order_id)
        if order is None or not order.is_closed:
            return
        if event.client_order_id == self._entry:
            self._entry = None
            if _TIMEOUT in self.clock.timer_names:
                self.clock.cancel_timer(_TIMEOUT)
            if self._timed_out and self.parameters.requote and order.status == OrderStatus.CANCELED:
                self._quote_anew()
        elif event.client_order_id == self._exit:
            self._exit = None
            self._rest_since_ns = event.ts_event if order.leaves_qty > 0 else None
            if self._rest_since_ns is not None:
                self._see_quotes()

    # -- decisions -------------------------------------------------------------------------------

    def _on_signal(self, signal: SignalTick) -> None:
        self._last_signal = signal
        if is_exit(self.parameters, signal):
            self._exit_position(signal)
        else:
            self._perhaps_enter(signal)

    def _exit_position(self, signal: SignalTick | None) -> None:
        """Cancel a working entry and close the position at market."""
        if self._entry is not None:
            self._withdraw(self._entry)
        self._rest_since_ns = None
        position = self.position
        if position == 0 or self._exit is not None:
            return
        self._exit_signal = signal
        self.submit_order(
            self.order_factory.market(
                instrument_id=self.instrument_id,
                order_side=OrderSide.SELL if position > 0 else OrderSide.BUY,
                quantity=self._instrument.make_qty(abs(position)),
                reduce_only=True,
                tags=annotated(signal),
            )
        )

    def _perhaps_enter(self, signal: SignalTick) -> None:
        if self._entry is None and self._exit is None and self.position == 0 and self.qualifies(signal):
            self._enter(signal)

    def _enter(self, signal: SignalTick) -> None:
        price = self._limit()
        quantity = self._quantity(signal, price) if price > 0 else Decimal(0)
        if quantity <= 0 or self._payoff.notional(quantity, price) < self._instrument.min_notional.as_decimal():
            return
        order = self.order_factory.limit(
            instrument_id=self.instrument_id,
            order_side=OrderSide.BUY,
            quantity=self._instrument.make_qty(quantity),
            price=self._instrument.make_price(price),
            time_in_force=TimeInForce.GTC,
            post_only=True,
            tags=annotated(signal),
        )
        self._entry = order.client_order_id
        self._timed_out = False
        timeout_ns = int(self.parameters.entry_timeout_secs * 1e9)
        self.clock.set_time_alert_ns(_TIMEOUT, self.clock.timestamp_ns() + timeout_ns, self._on_timeout)
        self.submit_order(order)

    def _limit(self) -> Decimal:
        """Limit of an entry; not above zero where what it is measured from is not known."""
        tick = self._instrument.price_increment.as_decimal()
        if self.parameters.entry_reference is EntryReference.LAST_SELL:
            trades = self.cache.trade_ticks(self.instrument_id)  # latest first
            sales = (one.price.as_decimal() for one in trades if one.aggressor_side == AggressorSide.SELLER)
            sale = next(sales, None)
            return Decimal(0) if sale is None else price_below_sale(self.parameters, sale, tick)
        quote = self.cache.quote_tick(self.instrument_id)
        if quote is None:
            return Decimal(0)
        bid, ask = quote.bid_price.as_decimal(), quote.ask_price.as_decimal()
        return entry_price(self.parameters, bid, ask, tick)

    def _quantity(self, signal: SignalTick, price: Decimal) -> Decimal:
        account = self.portfolio.account(self.instrument_id.venue)
        equity = account.balance_total(self._instrument.get_settlement_currency()).as_decimal()
        step, largest = self._instrument.size_increment.as_decimal(), 1 / self._instrument.margin_init
        if self._payoff.dust:
            # Nothing is lent: the account counts less than a step of earlier trades, and the fee must be paid.
            largest = min(largest, 1 / (1 + max(self._instrument.maker_fee, Decimal(0))))
            equity = max(equity - 2 * step * price, Decimal(0))
        wanted = entry_quantity(self.parameters, signal.rv, equity, price, largest, self._payoff)
        return in_steps(within(largest_position(self._instrument), wanted, price), step)

    def _on_timeout(self, event: object) -> None:
        del event
        if self._entry is not None:
            self._timed_out = True
            self._withdraw(self._entry)

    def _quote_anew(self) -> None:
        if self._last_signal is not None:
            self._perhaps_enter(self._last_signal)

    def _withdraw(self, identity: ClientOrderId) -> None:
        order = self.cache.order(identity)
        if not (order.is_closed or order.is_pending_cancel):
            self.cancel_order(order)

    def _see_quotes(self) -> None:
        if not self._sees_quotes:
            self.subscribe_quote_ticks(self.instrument_id)
            self._sees_quotes = True
