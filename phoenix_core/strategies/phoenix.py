"""The Phoenix strategy: buy into forced selling as a maker, leave when the pressure is gone.

It acts on signals alone: one when each volume bucket closes. Entry is post-only and has a life; the
exit is at market and asks nothing of the regime, since open interest falls in a liquidation. What was
decided, and on which signal, stays with every order.
"""

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal

from nautilus_trader.core.data import Data
from nautilus_trader.model.data import DataType, QuoteTick
from nautilus_trader.model.enums import OrderSide, OrderStatus, TimeInForce
from nautilus_trader.model.events import OrderEvent, OrderFilled
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.execution.orders import FORCED
from phoenix_core.strategies.events import CLIENT, Clock, Decision, Fill, SignalTick, Why
from phoenix_core.strategies.parameters import StrategyParameters
from phoenix_core.strategies.sight import Sight

_TIMEOUT = "entry-timeout"


class PhoenixStrategy(Strategy):
    """Trades one instrument on signals.

    Args:
        instrument_id: What is traded.
        parameters: Entry, exit, size and order life.
        hesitation_ns: Draws for each order how much longer it takes, the random part of the latency.
        feed_latency_ns: Time from a quote at the exchange until it is seen here.
        protection_ticks: An exit takes no price further than this from the quote that was seen; 0: any price.
            What an exit leaves, for this or because the market had no more, is sent again with the next quote.
    """

    def __init__(
        self,
        instrument_id: InstrumentId,
        parameters: StrategyParameters,
        *,
        hesitation_ns: Callable[[], int] = int,
        feed_latency_ns: int = 0,
        protection_ticks: int = 0,
    ) -> None:
        super().__init__(StrategyConfig(strategy_id="PHOENIX", order_id_tag="001"))
        self.instrument_id = instrument_id
        self.parameters = parameters
        self._hesitation_ns = hesitation_ns
        self.feed_latency_ns = feed_latency_ns
        self._sight = Sight(feed_latency_ns)
        self._protection_ticks = protection_ticks
        self._unsent: dict[ClientOrderId, Order] = {}
        self.fills: list[Fill] = []
        self.orders_by_end: dict[str, int] = {}
        self._decisions: dict[ClientOrderId, Decision] = {}
        self._entry: ClientOrderId | None = None
        self._exit: ClientOrderId | None = None
        self._exit_signal: SignalTick | None = None
        self._rest_since_ns: int | None = None
        self._last_signal: SignalTick | None = None
        self._closed = False
        self._timed_out = False
        self._sees_quotes = False
        self._instrument: Instrument = None

    # -- what the replay asks --------------------------------------------------------------------

    @property
    def has_open_order(self) -> bool:
        """An order is on its way, works at the venue, or is about to be sent anew: ticks matter."""
        is_working = self._entry is not None or self._exit is not None
        return is_working or self._rest_since_ns is not None

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every order that was decided on, filled or not, in order."""
        return tuple(self._decisions.values())

    @property
    def position(self) -> Decimal:
        """Signed base units held."""
        return Decimal(str(self.portfolio.net_position(self.instrument_id)))

    def qualifies(self, signal: SignalTick) -> bool:
        """Whether a signal would be entered on, were we flat."""
        chosen = self.parameters
        if signal.stands_down or not signal.fsi_ready or (chosen.depth_gate and signal.ldr is None):
            return False
        # Asked so that NaN, with which no comparison holds, never qualifies.
        is_crowded = signal.oi_z is not None and signal.oi_z >= chosen.oi_z_threshold
        return (is_crowded or not chosen.oi_gate) and signal.lpi > chosen.lpi_entry_threshold

    # -- events ----------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Subscribe to signals; to quotes only where one must be waited for: looking them up costs nothing a tick."""
        self._instrument = self.cache.instrument(self.instrument_id)
        self.subscribe_data(DataType(SignalTick), client_id=CLIENT)
        self.subscribe_data(DataType(Clock), client_id=CLIENT)
        if self.feed_latency_ns:
            self._see_quotes()

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Remember the quote until it can be seen; send again what a protected exit left."""
        if self.feed_latency_ns:
            self._sight.add(tick)
        elif self._rest_since_ns is None and self._exit is None:
            self.unsubscribe_quote_ticks(self.instrument_id)
            self._sees_quotes = False
            return
        # What was shown when the rest was left is taken: only a later quote shows anything new.
        if self._rest_since_ns is not None and tick.ts_init > self._rest_since_ns:
            self.leave(Why.EXIT, self._exit_signal)

    def on_data(self, data: Data) -> None:
        """Act on a signal, or leave at the end of the session."""
        if isinstance(data, Clock):
            if data.closes:
                self.leave(Why.SESSION_END)
                self._closed = True
        elif isinstance(data, SignalTick) and not self._closed:
            self._on_signal(data)

    def on_order_filled(self, event: OrderFilled) -> None:
        """Keep the fill with its decision."""
        self.fills.append(
            Fill(
                ts=event.ts_event,
                side=event.order_side.name,
                quantity=event.last_qty.as_decimal(),
                price=event.last_px.as_decimal(),
                fee=event.commission.as_decimal(),
                liquidity=event.liquidity_side.name,
                order_id=event.client_order_id.value,
                trade_id=event.trade_id.value,
                decision=self._decisions[event.client_order_id],
            )
        )

    def on_order_event(self, event: OrderEvent) -> None:
        """Free an order's place once it is closed: not at its first partial fill."""
        order = self.cache.order(event.client_order_id)
        if order is None or not order.is_closed:
            return
        if event.client_order_id in {self._entry, self._exit}:
            self._ended(order.status.name)
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
        if signal.lpi < self.parameters.lpi_exit_threshold:
            self.leave(Why.EXIT, signal)
        else:
            self._perhaps_enter(signal)

    def open_session(self) -> None:
        """Enter again after a session that was closed."""
        self._closed = False

    def leave(self, why: Why, signal: SignalTick | None = None) -> None:
        """Cancel a working entry and close the position at market."""
        if self._entry is not None:
            self._withdraw(self._entry)
        if why is Why.SESSION_END and self._exit is not None and self._take_back(self._exit):
            self._exit = None  # what is on its way by then arrives; what is not goes out now
        self._rest_since_ns = None
        position = self.position
        if position == 0 or self._exit is not None:
            return
        order = self._order_out_of(position, why)
        self._exit = order.client_order_id
        self._exit_signal = signal
        self._send(order, why, signal)

    def _order_out_of(self, position: Decimal, why: Why) -> Order:
        side = OrderSide.SELL if position > 0 else OrderSide.BUY
        quotes = self._best_quotes()
        if why is not Why.EXIT or not self._protection_ticks or quotes is None:
            return self.order_factory.market(
                instrument_id=self.instrument_id,
                order_side=side,
                quantity=self._instrument.make_qty(abs(position)),
                reduce_only=True,
                tags=None if why is Why.EXIT else [FORCED],
            )
        tick = self._instrument.price_increment.as_decimal()
        beyond = tick * self._protection_ticks
        worst = max(tick, quotes[0] - beyond) if position > 0 else quotes[1] + beyond
        return self.order_factory.limit(
            instrument_id=self.instrument_id,
            order_side=side,
            quantity=self._instrument.make_qty(abs(position)),
            price=self._instrument.make_price(worst // tick * tick),
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )

    def _enter(self, signal: SignalTick) -> None:
        quotes = self._best_quotes()
        if quotes is None:
            return
        bid, ask = quotes
        tick = self._instrument.price_increment.as_decimal()
        wanted = min(bid + tick * self.parameters.maker_offset_ticks, ask - tick)
        price = wanted // tick * tick  # the archive holds odd prices off the tick; an order can't
        quantity = self._quantity(signal, price) if price > 0 else Decimal(0)
        if quantity <= 0 or quantity * price < self._instrument.min_notional.as_decimal():
            return
        order = self.order_factory.limit(
            instrument_id=self.instrument_id,
            order_side=OrderSide.BUY,
            quantity=self._instrument.make_qty(quantity),
            price=self._instrument.make_price(price),
            time_in_force=TimeInForce.GTC,
            post_only=True,
        )
        self._entry = order.client_order_id
        self._timed_out = False
        timeout_ns = int(self.parameters.entry_timeout_secs * 1e9)
        self.clock.set_time_alert_ns(_TIMEOUT, self.clock.timestamp_ns() + timeout_ns, self._on_timeout)
        self._send(order, Why.ENTRY, signal)

    def _quantity(self, signal: SignalTick, price: Decimal) -> Decimal:
        account = self.portfolio.account(self.instrument_id.venue)
        equity = account.balance_total(self._instrument.get_settlement_currency()).as_decimal()
        kelly = Decimal(repr(self.parameters.kelly_fraction(signal.rv or 0.0)))
        fraction = min(kelly, 1 / self._instrument.margin_init)
        step = self._instrument.size_increment.as_decimal()
        steps = (equity * fraction / price / step).to_integral_value(rounding=ROUND_FLOOR)
        return Decimal(steps * step)

    def _best_quotes(self) -> tuple[Decimal, Decimal] | None:
        if self.feed_latency_ns:
            quote = self._sight.at(self.clock.timestamp_ns())
        else:
            quote = self.cache.quote_tick(self.instrument_id)
        return None if quote is None else (quote.bid_price.as_decimal(), quote.ask_price.as_decimal())

    def _on_timeout(self, event: object) -> None:
        del event
        if self._entry is not None:
            self._timed_out = True
            if self._withdraw(self._entry) and self._entry is None and self.parameters.requote:
                self._quote_anew()

    def _quote_anew(self) -> None:
        signal = self._last_signal
        if not self._closed and signal is not None:
            self._perhaps_enter(signal)

    def _see_quotes(self) -> None:
        if not self._sees_quotes:
            self.subscribe_quote_ticks(self.instrument_id)
            self._sees_quotes = True

    def _withdraw(self, identity: ClientOrderId) -> bool:
        """Cancel an entry, or keep it from being sent; whether there was something to cancel."""
        if self._take_back(identity):
            self._entry = None
            if _TIMEOUT in self.clock.timer_names:
                self.clock.cancel_timer(_TIMEOUT)
            return True
        order = self.cache.order(identity)
        if order.is_closed or order.is_pending_cancel:
            return False
        self.cancel_order(order)
        return True

    def _take_back(self, identity: ClientOrderId) -> bool:
        """Keep an order from being sent; whether it was not too late for that."""
        if self._unsent.pop(identity, None) is None:
            return False
        self._ended("UNSENT")
        return True

    def _ended(self, how: str) -> None:
        self.orders_by_end[how] = self.orders_by_end.get(how, 0) + 1

    def _perhaps_enter(self, signal: SignalTick) -> None:
        if self._entry is None and self._exit is None and self.position == 0 and self.qualifies(signal):
            self._enter(signal)

    def _send(self, order: Order, why: Why, signal: SignalTick | None) -> None:
        quotes = self._best_quotes() or (Decimal(0), Decimal(0))
        self._decisions[order.client_order_id] = Decision(
            why=why,
            ts=self.clock.timestamp_ns(),
            mid=(quotes[0] + quotes[1]) / 2,
            bucket=signal.bucket if signal else -1,
            first_trade=signal.first_trade if signal else -1,
            last_trade=signal.last_trade if signal else -1,
            lpi=signal.lpi if signal else None,
            ldr=signal.ldr if signal else None,
            oi_z=signal.oi_z if signal else None,
            rv=signal.rv if signal else None,
            side=order.side.name,
            quantity=order.quantity.as_decimal(),
            price=order.price.as_decimal() if order.has_price else None,
        )
        # The end of the session is no event of the market: nothing delays leaving there.
        hesitation = 0 if why is Why.SESSION_END else self._hesitation_ns()
        if not hesitation:
            self.submit_order(order)
            return
        self._unsent[order.client_order_id] = order
        due = self.clock.timestamp_ns() + hesitation
        name = f"send-{order.client_order_id}"
        self.clock.set_time_alert_ns(name, due, lambda event: self._on_send(order, event))

    def _on_send(self, order: Order, event: object) -> None:
        del event
        if self._unsent.pop(order.client_order_id, None) is not None:
            self.submit_order(order)
