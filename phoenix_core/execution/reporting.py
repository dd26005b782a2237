"""What the exchange tells the engine of an order: the events that a venue's adapter sends."""

from itertools import count

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.execution.client import ExecutionClient
from nautilus_trader.model.enums import AccountType, LiquiditySide, OmsType
from nautilus_trader.model.identifiers import AccountId, ClientId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order

from phoenix_core.execution.account import Account, Fee
from phoenix_core.execution.holding import Payoff
from phoenix_core.execution.orders import sign_of
from phoenix_core.execution.rule import Filled


class ReportingClient(ExecutionClient):
    """An execution client of one instrument of a venue, which can report; what it reports is its subclass's business.

    Args:
        engine: Its kernel's bus, cache and clock are used.
        instrument: What is traded.

    Attributes:
        account: Where fills are booked; the venue is made before it.
    """

    account: Account

    def __init__(self, engine: BacktestEngine, instrument: Instrument) -> None:
        venue = instrument.id.venue
        super().__init__(
            client_id=ClientId(venue.value),
            venue=venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=instrument.get_settlement_currency(),
            msgbus=engine.kernel.msgbus,
            cache=engine.kernel.cache,
            clock=engine.kernel.clock,
        )
        self._set_account_id(AccountId(f"{venue.value}-001"))
        self._instrument = instrument
        self._names = venue.value  # the first part of the names that it gives to orders and trades
        self._numbers = count(1)

    @property
    def instrument(self) -> Instrument:
        """What is traded."""
        return self._instrument

    def _start(self) -> None:
        self._set_connected(True)

    def _stop(self) -> None:
        self._set_connected(False)

    def _filled(self, order: Order, fill: Filled) -> None:
        price = Price.from_raw(fill.price, self._instrument.price_precision)
        quantity = self._quantity(fill.quantity)
        signed, paid = sign_of(order) * quantity.as_decimal(), price.as_decimal()
        share = self._instrument.maker_fee if fill.is_maker else self._instrument.taker_fee
        fee = self.account.fee(signed, paid, share)
        self.account.fill(signed, paid, fee)
        self.generate_order_filled(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            venue_position_id=None,
            trade_id=TradeId(f"{self._names}-{next(self._numbers)}"),
            order_side=order.side,
            order_type=order.order_type,
            last_qty=quantity,
            last_px=price,
            quote_currency=self._instrument.quote_currency,
            commission=self._commission(fee),
            liquidity_side=LiquiditySide.MAKER if fill.is_maker else LiquiditySide.TAKER,
            ts_event=self._clock.timestamp_ns(),
        )

    def _commission(self, fee: Fee) -> Money:
        if fee.in_base:
            return Money(fee.in_base, self._instrument.get_base_currency())
        return Money(fee.amount, self._instrument.get_settlement_currency())

    def _quantity(self, lots: int) -> Quantity:
        return Quantity.from_raw(lots, self._instrument.size_precision)

    def _accept(self, order: Order) -> None:
        self.generate_order_accepted(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            VenueOrderId(f"{self._names}-{next(self._numbers)}"),
            self._clock.timestamp_ns(),
        )

    def _reject(self, order: Order, why: str, *, due_post_only: bool = False) -> None:
        self.generate_order_rejected(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            why,
            self._clock.timestamp_ns(),
            due_post_only,
        )

    def _cancelled(self, order: Order) -> None:
        self.generate_order_canceled(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
            self._clock.timestamp_ns(),
        )

    def _cut(self, order: Order, lots: int) -> None:
        self.generate_order_updated(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
            self._quantity(lots),
            order.price if order.has_price else None,
            None,
            self._clock.timestamp_ns(),
        )


def commission(payoff: Payoff, instrument: Instrument, quantity: Quantity, price: Price, *, is_maker: bool) -> Money:
    """The fee of a fill: a share of its worth, which is rounded first."""
    share = instrument.maker_fee if is_maker else instrument.taker_fee
    fee = payoff.fee(quantity.as_decimal(), price.as_decimal(), share)
    return Money(fee, instrument.get_settlement_currency())
